package example.todo;

import java.net.URI;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.validation.Valid;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

@RestController
@RequestMapping("/api/todos")
class TodoController {
    private final TodoRepository todos;
    private final Counter created;

    TodoController(TodoRepository todos, MeterRegistry meters) {
        this.todos = todos;
        this.created = meters.counter("todo.created");
    }

    @GetMapping
    List<Todo> list(@RequestParam(required = false) Boolean done) {
        return done == null ? todos.findAllByOrderById()
                : todos.findByDoneOrderById(done);
    }

    @GetMapping("/{id}")
    Todo get(@PathVariable long id) {
        return todos.findById(id).orElseThrow(() -> new NoSuchTodo(id));
    }

    @PostMapping
    ResponseEntity<Todo> create(@Valid @RequestBody TodoInput input) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Todo todo = todos.save(new Todo(null, null, false, now).with(input));

        created.increment();
        return ResponseEntity.created(URI.create("/api/todos/" + todo.id()))
                .body(todo);
    }

    @PutMapping("/{id}")
    Todo update(@PathVariable long id, @Valid @RequestBody TodoInput input) {
        return todos.save(get(id).with(input));
    }

    @DeleteMapping("/{id}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void delete(@PathVariable long id) {
        todos.delete(get(id));
    }
}
