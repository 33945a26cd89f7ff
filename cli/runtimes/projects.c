/* SPDX-License-Identifier: BSD-2-Clause */
#include "projects.h"

#include <stddef.h>

static const char *const node_mains[] = {
    "server.js", "app.js", "index.js", "src/index.js", "main.js", NULL,
};

static const char *const python_mains[] = {
    "app.py", "main.py", "server.py", "__main__.py", NULL,
};

static const char *const ruby_mains[] = {
    "app.rb", "main.rb", "server.rb", NULL,
};

#define PYTHON_PROJECT(command, rest) \
    "name: @NAME@\n" \
    "@PIP@" \
    "cmd: @PYTHON@ " command "\n" \
    "memory: 256M\n" \
    rest
#define PYTHON PYTHON_PROJECT("@MAIN@", "")
#define DJANGO PYTHON_PROJECT( \
    "manage.py runserver --noreload 0.0.0.0:8000", "ports:\n  - 8000:8000\n")
#define FASTAPI PYTHON_PROJECT( \
    "-m uvicorn @MODULE@:app --host 0.0.0.0 --port 8000", \
    "ports:\n  - 8000:8000\n")
#define FLASK PYTHON_PROJECT( \
    "-m flask --app @MODULE@ run --host 0.0.0.0 --port 5000", \
    "ports:\n  - 5000:5000\n")

const struct project projects[] = {
    {"pom.xml", NULL, "a Maven project", NULL,
     "name: @NAME@\n"
     "build: mvn -q -B package\n"
     "files:\n"
     "  /app.jar: target/@JAR@\n"
     "cmd: java -jar /app.jar\n"
     "memory: 512M\n"
     "ports:\n"
     "  - 8080:8080\n"},
    {"build.gradle*", NULL, "a Gradle project", NULL,
     "name: @NAME@\n"
     "build: if [ -x gradlew ]; then ./gradlew -q build; else gradle -q "
     "build; fi\n"
     "files:\n"
     "  # build/libs/NAME-VERSION.jar, as the build calls it\n"
     "  /app.jar: build/libs/@NAME@.jar\n"
     "cmd: java -jar /app.jar\n"
     "memory: 512M\n"
     "ports:\n"
     "  - 8080:8080\n"},
    {"package.json", NULL, "an npm project", node_mains,
     "name: @NAME@\n"
     "build: npm install --omit=dev --no-audit --no-fund\n"
     "cmd: node @MAIN@\n"
     "memory: 256M\n"
     "ports:\n"
     "  - 3000:3000\n"},
    {"go.mod", NULL, "a Go project", NULL,
     "name: @NAME@\n"
     "build: CGO_ENABLED=0 go build -o @NAME@ .\n"
     "files:\n"
     "  /@NAME@: @NAME@\n"
     "cmd: /@NAME@\n"},
    {"manage.py", NULL, "a Django project", NULL, DJANGO},
    {"requirements.txt", "fastapi", "a FastAPI project", python_mains, FASTAPI},
    {"requirements.txt", "flask", "a Flask project", python_mains, FLASK},
    {"requirements.txt", NULL, "a Python project", python_mains, PYTHON},
    {"pyproject.toml", "fastapi", "a FastAPI project", python_mains, FASTAPI},
    {"pyproject.toml", "flask", "a Flask project", python_mains, FLASK},
    {"pyproject.toml", NULL, "a Python project", python_mains, PYTHON},
    {"Cargo.toml", NULL, "a Rust project", NULL,
     "name: @NAME@\n"
     "build: cargo build -q --release\n"
     "files:\n"
     "  /@CRATE@: target/release/@CRATE@\n"
     "cmd: /@CRATE@\n"},
    {"[Mm]akefile", NULL, "a project with a Makefile", NULL,
     "name: @NAME@\n"
     "build: make\n"
     "files:\n"
     "  # the program that make builds\n"
     "  /@NAME@: @NAME@\n"
     "cmd: /@NAME@\n"},
    {"*.py", NULL, "a Python program", python_mains, PYTHON},
    {"*.php", NULL, "a PHP project", NULL,
     "name: @NAME@\n"
     "cmd: php -S 0.0.0.0:8000 -t .\n"
     "ports:\n"
     "  - 8000:8000\n"},
    {"*.rb", NULL, "a Ruby program", ruby_mains,
     "name: @NAME@\n"
     "cmd: ruby @MAIN@\n"
     "memory: 256M\n"},
    {NULL, NULL, NULL, NULL, NULL},
};
