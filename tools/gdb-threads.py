# SPDX-License-Identifier: BSD-2-Clause
"""Adds `threads` to gdb: every thread of a Hull guest, waiting ones too, with
what it waits for and its kernel call chain. For a stopped guest:

  gdb build/hull.debug -ex 'target remote :1234' -x tools/gdb-threads.py \\
      -ex threads
"""
import gdb

FRAME = 6 * 8           # what context_switch leaves below the return address


def number(name):
    return int(gdb.parse_and_eval(name))


def chain(sp):
    """The call chain of a thread that is off CPU, whose stack is at sp."""
    kept = {r: number('$' + r) for r in ('rsp', 'rbp', 'rip', 'rbx')}
    word = gdb.lookup_type('unsigned long')

    def read(at):
        return int(gdb.Value(at).cast(word.pointer()).dereference())

    gdb.execute('set $rip = %d' % read(sp + FRAME))
    gdb.execute('set $rbp = %d' % read(sp + FRAME - 8))
    gdb.execute('set $rbx = %d' % read(sp + FRAME - 16))
    gdb.execute('set $rsp = %d' % (sp + FRAME + 8))
    try:
        gdb.execute('bt 16')
    except gdb.error as e:
        print('   ', e)
    finally:
        for r, v in kept.items():
            gdb.execute('set $%s = %d' % (r, v))


def each():
    thread = gdb.lookup_type('struct thread').pointer()
    head = gdb.parse_and_eval('&all_threads')
    offset = next(f.bitpos // 8 for f in thread.target().fields()
                  if f.name == 'all_link')
    link = head['next']
    while link != head:
        yield gdb.Value(int(link) - offset).cast(thread)
        link = link['next']


class Threads(gdb.Command):
    """threads: every thread of the guest with its kernel call chain"""

    def __init__(self):
        super().__init__('threads', gdb.COMMAND_STATUS)

    def invoke(self, _, __):
        for t in each():
            state = str(t['state']).replace('THREAD_', '').lower()
            why = t['wait_reason'].string() if int(t['wait_reason']) else ''
            print('--- %s: %s on CPU %d%s%s' % (
                t['name'].string(), state, int(t['cpu']),
                ', waits: ' if state == 'waiting' else '',
                why if state == 'waiting' else ''))
            if state in ('waiting', 'ready'):
                chain(int(t['arch']['sp']))


Threads()
