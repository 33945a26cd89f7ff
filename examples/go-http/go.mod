module hull/examples/go-http

go 1.19
