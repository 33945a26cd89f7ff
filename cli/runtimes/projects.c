/* SPDX-License-Identifier: BSD-2-Clause */
#include "projects.h"

#include <stddef.h>

static const char *const node_mains[] = {
    "server.js", "app.js", "index.js", "src/index.js", "main.js", NULL,
};

static const char *const python_mains[] = {
    "app.py", "main.py", "server.py", "__main__.py", NULL,
};

const struct project projects[] = {
    {"pom.xml", "a Maven project", NULL,
     "name: @NAME@\n"
     "build: mvn -q -B package\n"
     "files:\n"
     "  /app.jar: target/@JAR@\n"
     "cmd: java -jar /app.jar\n"
     "memory: 512M\n"
     "ports:\n"
     "  - 8080:8080\n"},
    {"build.gradle*", "a Gradle project", NULL,
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
    {"package.json", "an npm project", node_mains,
     "name: @NAME@\n"
     "build: npm install --omit=dev --no-audit --no-fund\n"
     "cmd: node @MAIN@\n"
     "memory: 256M\n"
     "ports:\n"
     "  - 3000:3000\n"},
    {"go.mod", "a Go project", NULL,
     "name: @NAME@\n"
     "build: CGO_ENABLED=0 go build -o @NAME@ .\n"
     "files:\n"
     "  /@NAME@: @NAME@\n"
     "cmd: /@NAME@\n"},
    {"requirements.txt", "a Python project", python_mains,
     "name: @NAME@\n"
     "build: python3 -m pip install -q --target vendor -r requirements.txt\n"
     "cmd: python3 @MAIN@\n"
     "env:\n"
     "  PYTHONPATH: vendor\n"
     "memory: 256M\n"},
    {"pyproject.toml", "a Python project", python_mains,
     "name: @NAME@\n"
     "cmd: python3 @MAIN@\n"
     "memory: 256M\n"},
    {"[Mm]akefile", "a project with a Makefile", NULL,
     "name: @NAME@\n"
     "build: make\n"
     "files:\n"
     "  # the program that make builds\n"
     "  /@NAME@: @NAME@\n"
     "cmd: /@NAME@\n"},
    {"*.py", "a Python program", python_mains,
     "name: @NAME@\n"
     "cmd: python3 @MAIN@\n"
     "memory: 256M\n"},
    {NULL, NULL, NULL, NULL},
};
