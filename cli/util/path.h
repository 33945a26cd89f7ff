/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths, folders, temporary files and whole-file reading and writing.
 *
 * Temporary trees are removed when the tool leaves, by exit or by die(); a
 * signal sets a flag which long steps look at through path_check_signals().
 */
#ifndef CLI_UTIL_PATH_H
#define CLI_UTIL_PATH_H

#include "str.h"

#include <sys/types.h>

/* "a/b", freed by the caller. b absolute: b alone. */
char *path_join(const char *a, const char *b);
/* Makes "//a/./b/../c/" into "/a/c", in place of nothing else: symbolic links
 * are not looked at. The result starts with '/'; freed by the caller. */
char *path_normalize(const char *path);
/* What stands before the last '/' ("/" or "." where none). */
char *path_dirname(const char *path);
const char *path_basename(const char *path);
bool path_exists(const char *path);
bool path_is_dir(const char *path);

/* Makes the folder and its parents; dies where it cannot. */
void path_make_dirs(const char *dir);
/* Removes a file or a whole tree; no error for what is not there. */
void path_remove_tree(const char *path);

/* $XDG_DATA_HOME/hull, or ~/.local/share/hull. */
char *path_data_dir(void);
/* A fresh private folder for sockets, removed at exit. Short, since socket
 * names may have only 107 bytes. */
char *path_runtime_dir(void);
/* A fresh folder inside parent, removed at exit. */
char *path_temp_dir(const char *parent);
/* Registers a file or folder for removal at exit; forget undoes it. */
void path_remove_at_exit(const char *path);
void path_keep(const char *path);
/* Makes SIGINT and SIGTERM end the tool cleanly at the next check. */
void path_catch_signals(void);
void path_check_signals(void);
bool path_signalled(void);
/* The folder the running tool lies in. */
char *path_self_dir(void);

/* Reads a whole file into sb, up to max bytes. 0, or -1 with errno. */
int path_read_file(const char *path, struct strbuf *sb, size_t max);
/* Writes all or dies; `path` is for the message. */
void path_write_fd(int fd, const void *data, size_t len, const char *path);
void path_write_file(const char *path, const void *data, size_t len,
                     mode_t mode);
/* Copies a file's bytes into an open one; dies where it cannot. */
void path_copy_into(int out, const char *out_path, const char *in_path);
void path_copy_file(const char *from, const char *to, mode_t mode);

#endif
