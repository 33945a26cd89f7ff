package example.todo;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;

/** What a client may say about a todo. */
public record TodoInput(
        @NotBlank @Size(max = 200) String title,
        Boolean done) {
    boolean isDone() {
        return Boolean.TRUE.equals(done);
    }
}
