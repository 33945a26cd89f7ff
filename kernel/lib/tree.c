/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees. Invariants, restored by insert and remove:
 *   T1 the root is black, a red node has no red child;
 *   T2 every path from a node to a null link has the same number of blacks;
 *   T3 with `update`, every node's value is right for its subtree.
 */
#include "tree.h"

static bool is_red(const struct tree_node *n)
{
    return n && n->red;
}

static void update(struct tree *t, struct tree_node *n)
{
    if (t->update)
        t->update(n);
}

void tree_changed(struct tree *t, struct tree_node *n)
{
    if (!t->update)
        return;
    for (; n; n = n->parent)
        t->update(n);
}

/* Puts `child` (may be NULL) where n hangs. */
static void replace(struct tree *t, struct tree_node *n,
                    struct tree_node *child)
{
    if (!n->parent)
        t->root = child;
    else if (n->parent->left == n)
        n->parent->left = child;
    else
        n->parent->right = child;
    if (child)
        child->parent = n->parent;
}

/* Lifts n's child on the far side of `left` above n. */
static void rotate(struct tree *t, struct tree_node *n, bool left)
{
    struct tree_node *up = left ? n->right : n->left;
    struct tree_node *inner = left ? up->left : up->right;

    replace(t, n, up);
    n->parent = up;
    if (left) {
        up->left = n;
        n->right = inner;
    } else {
        up->right = n;
        n->left = inner;
    }
    if (inner)
        inner->parent = n;
    update(t, n);
    update(t, up);
}

static void fix_insert(struct tree *t, struct tree_node *n)
{
    while (is_red(n->parent)) {
        struct tree_node *p = n->parent, *g = p->parent;
        bool p_left = g->left == p;
        struct tree_node *uncle = p_left ? g->right : g->left;

        if (is_red(uncle)) {
            p->red = uncle->red = false;
            g->red = true;
            n = g;
            continue;
        }
        if (n == (p_left ? p->right : p->left)) {
            rotate(t, p, p_left);
            n = p;
            p = n->parent;
        }
        p->red = false;
        g->red = true;
        rotate(t, g, !p_left);
    }
    t->root->red = false;
}

void tree_insert(struct tree *t, struct tree_node *n,
                 struct tree_node *parent, struct tree_node **link)
{
    n->left = n->right = NULL;
    n->parent = parent;
    n->red = parent != NULL;
    *link = n;
    tree_changed(t, n);
    if (!parent)
        return;
    fix_insert(t, n);
}

/* n's subtree (n may be NULL, hence its parent) lacks one black. */
static void fix_remove(struct tree *t, struct tree_node *n,
                       struct tree_node *parent)
{
    while (parent && !is_red(n)) {
        bool left = parent->left == n;
        struct tree_node *sib = left ? parent->right : parent->left;
        struct tree_node *near, *far;

        if (sib->red) {
            sib->red = false;
            parent->red = true;
            rotate(t, parent, left);
            sib = left ? parent->right : parent->left;
        }
        near = left ? sib->left : sib->right;
        far = left ? sib->right : sib->left;
        if (!is_red(near) && !is_red(far)) {
            sib->red = true;
            n = parent;
            parent = n->parent;
            continue;
        }
        if (!is_red(far)) {
            near->red = false;
            sib->red = true;
            rotate(t, sib, !left);
            far = sib;
            sib = near;
        }
        sib->red = parent->red;
        parent->red = far->red = false;
        rotate(t, parent, left);
        n = t->root;
        break;
    }
    if (n)
        n->red = false;
}

void tree_remove(struct tree *t, struct tree_node *n)
{
    struct tree_node *child, *parent;
    bool was_red;

    if (t->root == n && !n->left && !n->right) {
        t->root = NULL;
        return;
    }
    if (n->left && n->right) {
        /* The successor takes n's place. */
        struct tree_node *s = n->right;

        while (s->left)
            s = s->left;
        was_red = s->red;
        child = s->right;
        parent = s->parent == n ? s : s->parent;
        replace(t, s, child);
        s->left = n->left;
        s->right = n->right;
        s->red = n->red;
        replace(t, n, s);
        s->left->parent = s;
        if (s->right)
            s->right->parent = s;
    } else {
        was_red = n->red;
        child = n->left ? n->left : n->right;
        parent = n->parent;
        replace(t, n, child);
    }
    tree_changed(t, parent);
    if (!was_red)
        fix_remove(t, child, parent);
    n->left = n->right = n->parent = NULL;
}

struct tree_node *tree_first(const struct tree *t)
{
    struct tree_node *n = t->root;

    while (n && n->left)
        n = n->left;
    return n;
}

struct tree_node *tree_last(const struct tree *t)
{
    struct tree_node *n = t->root;

    while (n && n->right)
        n = n->right;
    return n;
}

struct tree_node *tree_next(const struct tree_node *n)
{
    const struct tree_node *p;

    if (n->right) {
        for (n = n->right; n->left; n = n->left)
            ;
        return (struct tree_node *)n;
    }
    for (p = n->parent; p && p->right == n; p = p->parent)
        n = p;
    return (struct tree_node *)p;
}

struct tree_node *tree_prev(const struct tree_node *n)
{
    const struct tree_node *p;

    if (n->left) {
        for (n = n->left; n->right; n = n->right)
            ;
        return (struct tree_node *)n;
    }
    for (p = n->parent; p && p->left == n; p = p->parent)
        n = p;
    return (struct tree_node *)p;
}
