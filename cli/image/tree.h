/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's root as it will be: a set of paths, each a folder, a symbolic
 * link, or a file whose bytes come from a host file or from text.
 *
 * Paths given to tree_add_* are resolved through the links already in the
 * tree, as the guest would resolve them, and missing parents are made. Adding
 * a path again replaces it, except that a folder stays a folder. Sequence:
 * tree_init, tree_add_*, tree_sort, tree_write or a walk, tree_release.
 */
#ifndef CLI_IMAGE_TREE_H
#define CLI_IMAGE_TREE_H

#include "../util/str.h"

#include <sys/types.h>

enum tree_kind { TREE_DIR, TREE_FILE, TREE_LINK };

struct tree_node {
    char *path;         /* absolute, normalized, through no link */
    char *source;       /* FILE: host path, NULL for text; LINK: target */
    char *text;         /* FILE without source */
    enum tree_kind kind;
    mode_t mode;        /* permission bits */
    int line;           /* of the Hullfile that asked; 0: nobody did */
    bool foreign;       /* from a rootfs, which brings its own libraries */
    bool found;         /* in a folder: nobody named it */
};

struct tree {
    struct tree_node **nodes;
    size_t nr;
    size_t alloc;
    size_t *slots;      /* hash table: index into nodes + 1 */
    size_t nslots;
    struct strvec prepare;  /* a command that adds files of its own to the
                               written folder; its last arguments are this
                               and the time of all files; or none */
    struct strvec env;      /* NAME=VALUE that a runtime wants if nobody says
                               otherwise */
    struct strvec libraries;    /* that programs may open while they run,
                                   where this host has them */
    const char *file;   /* who asks for what is added now, for errors: */
    int line;           /* a Hullfile and its line; 0: nobody did */
};

void tree_init(struct tree *t);
void tree_release(struct tree *t);

/* Each returns the node, or NULL after error(): a parent is no folder. */
struct tree_node *tree_add_dir(struct tree *t, const char *path, mode_t mode);
struct tree_node *tree_add_link(struct tree *t, const char *path,
                                const char *target);
struct tree_node *tree_add_file(struct tree *t, const char *path,
                                const char *host, mode_t mode);
struct tree_node *tree_add_text(struct tree *t, const char *path,
                                const char *text);
struct tree_folder {
    const char *path;   /* where it goes */
    const char *host;   /* what it is made from */
    int line;           /* for its nodes, as in struct tree_node */
    bool foreign;
    bool keep;          /* what is in the tree already stays as it is */
    const char *const *leave_out;   /* base names, as fnmatch(3) patterns,
                                       ending with NULL; or NULL */
};

/* Adds a host folder and what lies in it, links as links. Sockets and device
 * nodes are left out with a warning. 0 or -1. */
int tree_add_folder(struct tree *t, const struct tree_folder *folder);

/* The node at a path, following links (the last one too), or NULL. */
struct tree_node *tree_find(const struct tree *t, const char *path);
/* Orders nodes by path; parents come before what is in them. */
void tree_sort(struct tree *t);
/* Writes everything below the host folder dir, which exists; t is sorted, and
 * stamp is the time that files will bear (stamp.h). Dies where it cannot. */
void tree_write(struct tree *t, const char *dir, const char *stamp);
/* The size of a file node's content; 0 where it cannot be known. */
uint64_t tree_node_size(const struct tree_node *node);

#endif
