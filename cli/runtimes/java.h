/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Java runtime made for one program holds, as data: image/java.c finds
 * the modules that the program names, and adds what these rules say.
 */
#ifndef CLI_RUNTIMES_JAVA_H
#define CLI_RUNTIMES_JAVA_H

#define JAVA_HOME "/usr/lib/jvm/java"       /* in the image */

/* A module that comes along where `when` holds: the start of an argument of
 * the program, or the name of another module. NULL: always. */
struct java_extra {
    const char *when;
    const char *module;
};

extern const struct java_extra java_extras[];       /* module NULL ends */
/* For a program whose jars the JDK's own tools cannot read. */
extern const char java_fallback[];
extern const char *const java_jlink_options[];      /* NULL ends */
extern const char *const java_leave_out[];          /* base names; NULL ends */
/* Where jars hold other jars; glob(3) patterns. NULL ends. */
extern const char *const java_nested[];
/* Where such jars hold classes. NULL ends. */
extern const char *const java_classes[];
/* What native libraries inside jars, which unpack themselves while the program
 * runs, ask for beside the C library itself. NULL ends. */
extern const char *const java_libraries[];
/* Options whose next argument is no main class; NULL ends. */
extern const char *const java_option_pairs[];

#endif
