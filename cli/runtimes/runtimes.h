/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What interpreters need beside themselves, as data: one file NAME.c and one
 * line in table.c for each. docs/HULLFILE.md describes the rules that read
 * them (image/contents.c). To add a runtime: write its file, add its line,
 * and its row there.
 */
#ifndef CLI_RUNTIMES_RUNTIMES_H
#define CLI_RUNTIMES_RUNTIMES_H

struct runtime {
    const char *name;               /* as messages call it */
    const char *const *programs;    /* patterns of the program's base name */
    /* Arguments that make the interpreter print, a line each: its own path,
     * then files and folders to bring; those that are not there, or not
     * absolute, are passed over. NULL: it needs none. */
    const char *const *ask;
    const char *const *paths;       /* more to bring, as glob(3) patterns */
    const char *const *leave_out;   /* fnmatch(3) patterns of base names */
    /* What ends the file of a module that arguments name without it, with
     * dots for slashes and an object of it behind a colon. NULL: none do. */
    const char *module;
    /* NAME=VALUE that the program gets where env names neither it nor LC_ALL;
     * NULL: none. */
    const char *env;
    /* Arguments that make the interpreter add to the image's root what it
     * would make at each start; the root's folder on this host follows.
     * Files there may be links to the host's: they are replaced, never
     * written to. NULL: nothing. */
    const char *const *prepare;
};

extern const struct runtime *const runtimes[];     /* ends with NULL */

extern const struct runtime runtime_lua;
extern const struct runtime runtime_node;
extern const struct runtime runtime_perl;
extern const struct runtime runtime_php;
extern const struct runtime runtime_python;
extern const struct runtime runtime_ruby;

/* The runtime that a program's path or name belongs to, or NULL. */
const struct runtime *runtime_find(const char *program);

#endif
