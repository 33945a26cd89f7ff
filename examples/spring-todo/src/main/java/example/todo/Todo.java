package example.todo;

import java.time.Instant;

import org.springframework.data.annotation.Id;

/** A row of the table TODO. A new one has no id yet. */
public record Todo(@Id Long id, String title, boolean done, Instant created) {
    Todo with(TodoInput input) {
        return new Todo(id, input.title().strip(), input.isDone(), created);
    }
}
