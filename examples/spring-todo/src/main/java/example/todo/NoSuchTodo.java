package example.todo;

class NoSuchTodo extends RuntimeException {
    NoSuchTodo(long id) {
        super("there is no todo " + id);
    }
}
