package example.todo;

import java.util.List;

import org.springframework.data.repository.ListCrudRepository;

interface TodoRepository extends ListCrudRepository<Todo, Long> {
    List<Todo> findAllByOrderById();

    List<Todo> findByDoneOrderById(boolean done);
}
