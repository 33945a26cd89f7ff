# SPDX-License-Identifier: BSD-2-Clause
"""Makes what the guests boot: the programs of bench/, Hull's disks, and
Linux's initramfs. The applications are those of examples/, built in a copy;
a disk is made again only when what it is made of has changed."""
import os
import random
import shutil
import subprocess

from guest import HULL, OUT, TOP, Failure, Image

HTTP = f"{TOP}/examples/c-http"
LEAST = {"/bench/first": f"{OUT}/first", "/bench/entry": f"{OUT}/entry",
         "/http": f"{HTTP}/http",
         "/www": f"{HTTP}/www"}
MICRO = LEAST | {
    "/bench/micro": f"{OUT}/micro", "/bench/net": f"{OUT}/net",
    "/bench/inside": f"{OUT}/inside", "/bench/data": f"{OUT}/data"}
FILES = {
    "/bench/files": f"{OUT}/files", "/bench/sequential": f"{OUT}/sequential",
    "/bench/random": f"{OUT}/random"}
EXAMPLES = {"nginx": "nginx", "redis": "redis", "memcached": "memcached",
            "node": "node-express", "spring": "spring-todo"}


def run(args, **more):
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=600, **more)
    if r.returncode:
        raise Failure(f"{args[0]}: {r.stdout.strip()[-300:]}")


def programs():
    """The programs of bench/, static where a guest runs them."""
    os.makedirs(OUT, exist_ok=True)
    static = ["gcc", "-O2", "-Wall", "-Wextra", "-static"]
    here = f"{TOP}/bench"
    for name in ("micro", "first", "net", "files"):
        run(static + ["-o", f"{OUT}/{name}", f"{here}/{name}.c", "-lpthread"])
    run(static + ["-nostdlib", "-ffreestanding", "-o", f"{OUT}/entry",
                  f"{here}/entry.c"])
    run(["gcc", "-m32", "-nostdlib", "-static", "-no-pie",
         "-Wl,-Ttext-segment=0x100000", "-Wl,--build-id=none", "-o",
         f"{OUT}/stub", f"{here}/stub.S"])
    run(["gcc", "-O2", "-o", f"{HTTP}/http", f"{HTTP}/http.c", "-lpthread"])
    run(["gcc", "-O2", "-Dmain=http_main", "-c", "-o", f"{OUT}/http_main.o",
         f"{HTTP}/http.c"])
    client = f"{here}/client.c"
    run(static + ["-o", f"{OUT}/inside", f"{here}/inside.c", client,
                  f"{OUT}/http_main.o", "-lpthread"])
    run(["gcc", "-O2", "-o", f"{OUT}/load", f"{here}/load.c", client])
    run(["gcc", "-O2", "-o", f"{OUT}/net-host", f"{here}/net.c",
         "-lpthread"])


def data_files():
    """Files of which half cannot be compressed, the same each time."""
    source = random.Random(1)
    words = [b"%d " % source.randrange(10 ** 9) for _ in range(512)]
    for name, mib in (("data", 4), ("sequential", 64), ("random", 64)):
        if os.path.exists(f"{OUT}/{name}"):
            continue
        with open(f"{OUT}/{name}.new", "wb") as f:
            for _ in range(mib * 8):
                f.write(source.randbytes(64 << 10))
                text = b"".join(source.choices(words, k=7500))
                f.write((text + text)[:64 << 10])
        os.rename(f"{OUT}/{name}.new", f"{OUT}/{name}")


def newest(path):
    """The time of the latest change below a file or folder."""
    if not os.path.isdir(path):
        return os.path.getmtime(path)
    return max(os.path.getmtime(os.path.join(d, f))
               for d, _, names in os.walk(path) for f in names + ["."])


def hull_disk(name, folder, sources):
    """OUT/NAME.raw from a Hullfile's folder, if older than the sources."""
    disk = f"{OUT}/{name}.raw"
    if os.path.exists(disk) and os.path.getmtime(disk) > \
            max(newest(s) for s in sources):
        return
    run([HULL, "build", "-q", "--format", "raw", "-o", disk, folder])


def of_files(name, files, cmd):
    folder = f"{OUT}/image-{name}"
    text = f"name: {name}\ncmd: {cmd}\nfiles:\n" + "".join(
        f"  {g}: {h}\n" for g, h in files.items())
    os.makedirs(folder, exist_ok=True)
    old = f"{folder}/Hullfile"
    if not os.path.exists(old) or open(old).read() != text:
        with open(old, "w") as f:
            f.write(text)
    hull_disk(name, folder, [folder] + list(files.values()))


def of_example(name):
    """A copy, so that examples/ stays as it is. A line a request on the
    console would be what is measured, so nginx keeps no access log; nor does
    a server end a connection after so many requests."""
    source = f"{TOP}/examples/{EXAMPLES[name]}"
    folder = f"{OUT}/image-{name}"
    disk = f"{OUT}/{name}.raw"
    if os.path.exists(disk) and os.path.getmtime(disk) > newest(source):
        return
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    if name == "nginx":
        conf = open(f"{folder}/nginx.conf").read()
        with open(f"{folder}/nginx.conf", "w") as f:
            f.write(conf.replace("access_log /dev/stdout", "access_log off; "
                                 "keepalive_requests 1000000000"))
    if name == "spring":
        with open(f"{folder}/src/main/resources/application.properties",
                  "a") as f:
            f.write("server.tomcat.max-keep-alive-requests=-1\n")
    hull_disk(name, folder, [folder])


def java():
    folder = f"{OUT}/image-java"
    source = f"{TOP}/bench/Hello.java"
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(f"{folder}/Hello.class") or \
            newest(source) > newest(f"{folder}/Hello.class"):
        run(["javac", "-d", folder, source])
    text = "name: java\nfiles:\n  /app/Hello.class: Hello.class\n" \
           "cmd: java -cp /app Hello\njava-modules: java.base\n"
    if not os.path.exists(f"{folder}/Hullfile"):
        with open(f"{folder}/Hullfile", "w") as f:
            f.write(text)
    hull_disk("java", folder, [folder])


def linux(name, files):
    """Linux's initramfs with the files; without, for a root on the disk."""
    run([f"{TOP}/bench/linux-guest.sh"] + ([] if files else ["-d"]) +
        [f"{OUT}/linux-{name}"] + [f"{g}={h}" for g, h in files.items()])


made = {}
linux_made = set()


def image(name):
    """The image of that name, made if need be."""
    if name in made:
        return made[name]
    if name == "least":
        of_files(name, LEAST, "/bench/first")
    elif name == "micro":
        of_files(name, MICRO, "/bench/micro")
    elif name == "files":
        of_files(name, FILES, "/bench/files")
    elif name == "node-hello":
        of_files(name, {"/hello.js": f"{TOP}/bench/hello.js"}, "node /hello.js")
    elif name == "java":
        java()
    else:
        of_example(name)
    kind = name if name in ("least", "micro") else "disk"
    if kind not in linux_made:
        linux_made.add(kind)
        linux(kind, {"least": LEAST, "micro": MICRO}.get(kind, {}))
    made[name] = Image(name, kind)
    return made[name]
