# SPDX-License-Identifier: BSD-2-Clause
"""An asyncio server over a database in memory-backed /tmp: sqlite3 in threads
of a pool, a lock shared with plain threads, a subprocess that cannot be."""
import asyncio
import json
import signal
import sqlite3
import subprocess
import threading

DB = "/tmp/visits.db"
local = threading.local()
count_lock = threading.Lock()
count = 0


def database():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(DB, timeout=10)
    return local.db


def visit(name):
    with database() as db:
        db.execute("insert into visits values (?, 1) on conflict (name) "
                   "do update set n = n + 1", (name,))
    row = database().execute("select n from visits where name = ?", (name,))
    return {"name": name, "visits": row.fetchone()[0]}


def work(times):
    global count
    for _ in range(times):
        with count_lock:
            count += 1


def threads(n):
    before = count
    team = [threading.Thread(target=work, args=(1000,)) for _ in range(n)]
    for t in team:
        t.start()
    for t in team:
        t.join()
    return {"threads": n, "counted": count - before}


def spawn():
    try:
        subprocess.run(["/bin/true"], check=True)
    except OSError as e:
        return {"spawn": e.strerror}
    return {"spawn": "done"}


async def answer(path):
    parts = path.strip("/").split("/")
    if parts[0] == "visit":
        return await asyncio.to_thread(visit, parts[1])
    if parts[0] == "threads":
        return await asyncio.to_thread(threads, int(parts[1]))
    if parts[0] == "sleep":
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(*(asyncio.sleep(0.05) for _ in range(100)))
        return {"slept": loop.time() - begun >= 0.05}
    if parts[0] == "spawn":
        return await asyncio.to_thread(spawn)
    return None


async def serve(reader, writer):
    try:
        line = await reader.readline()
        while (await reader.readline()).strip():
            pass
        result = await answer(line.decode().split()[1])
        status = "200 OK" if result else "404 Not Found"
        body = json.dumps(result or {"error": "not found"}).encode() + b"\n"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
                     "Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
    except (ConnectionError, IndexError):
        pass
    finally:
        writer.close()


async def main():
    database().execute("pragma journal_mode = wal")
    database().execute("create table visits (name text primary key, n int)")
    server = await asyncio.start_server(serve, "0.0.0.0", 8000)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("listening on 8000", flush=True)
    await stop.wait()
    server.close()
    print("closed", database().execute("pragma integrity_check").fetchone(),
          flush=True)


asyncio.run(main())
