package example.todo;

import java.util.TreeMap;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.validation.FieldError;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Every error is answered as application/problem+json (RFC 9457). */
@RestControllerAdvice
class Errors extends ResponseEntityExceptionHandler {
    @ExceptionHandler
    ProblemDetail noSuchTodo(NoSuchTodo e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND,
                e.getMessage());
    }

    @Override
    protected ResponseEntity<Object> handleMethodArgumentNotValid(
            MethodArgumentNotValidException e, HttpHeaders headers,
            HttpStatusCode status, WebRequest request) {
        ProblemDetail problem = e.getBody();
        TreeMap<String, String> fields = new TreeMap<>();

        for (FieldError error : e.getFieldErrors()) {
            fields.put(error.getField(), error.getDefaultMessage());
        }
        problem.setProperty("fields", fields);
        return handleExceptionInternal(e, problem, headers, status, request);
    }
}
