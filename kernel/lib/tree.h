/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A balanced binary tree (red-black) with the node inside the object. The
 * caller walks and compares; the tree links, unlinks and rebalances. With an
 * `update` callback it also keeps a value per subtree (an augmented tree).
 * The caller locks.
 *
 * Insert: walk from tree->root to the null link where the node belongs, then
 * tree_insert(tree, node, parent, link).
 */
#ifndef HULL_TREE_H
#define HULL_TREE_H

#include "lib.h"

struct tree_node {
    struct tree_node *left, *right, *parent;
    bool red;
};

/* Recomputes n's subtree value from n and its children. */
typedef void tree_update_fn(struct tree_node *n);

struct tree {
    struct tree_node *root;
    tree_update_fn *update;     /* optional */
};

static inline void tree_init(struct tree *t, tree_update_fn *update)
{
    t->root = NULL;
    t->update = update;
}
/* link is &parent->left, &parent->right or &tree->root (parent NULL). */
void tree_insert(struct tree *t, struct tree_node *n,
                 struct tree_node *parent, struct tree_node **link);
void tree_remove(struct tree *t, struct tree_node *n);
/* As these two, for the first node of a tree without `update`, and the last. */
static inline void tree_insert_only(struct tree *t, struct tree_node *n)
{
    n->left = n->right = n->parent = NULL;
    n->red = false;
    t->root = n;
}
static inline void tree_remove_only(struct tree *t)
{
    t->root = NULL;
}
/* After the object's own contribution changed: recomputes up to the root. */
void tree_changed(struct tree *t, struct tree_node *n);
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *n);
struct tree_node *tree_prev(const struct tree_node *n);

#define tree_entry(p, type, member) container_of(p, type, member)

#endif
