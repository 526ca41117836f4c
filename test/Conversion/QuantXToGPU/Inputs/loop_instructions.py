"""Counts the instructions of kernels' loops in PTX, or in what nvdisasm prints.

loop_instructions.py FILE --table=PAGE --column=TITLE [--show=KERNEL]

PAGE has a table with a row for each kernel: its name, as `name`, the bits that it
reads and writes of an element, and, in the column of that title, the most
instructions of a lane for 8 elements. Prints what there are, and fails where a
kernel has more.

A loop is looked at on its shortest way through its widest stores, or where there
is none through its widest loads: what is special takes a longer one. Its elements
are those whose bytes are stored or loaded there. A kernel that goes over its
elements twice has both loops. The loop of matrix instructions is the shortest way
through these and through the copies of 16 bytes to shared memory; where there
are no copies, through some of these and the loads of 16 bytes around them. That of
wgmma has all its instructions without a branch in between.
"""

import argparse
import heapq
import re
import sys

LABEL = re.compile(r"^(\.L_x_\d+|\$L\w+):")
SASS = re.compile(r"^\s*/\*[0-9a-f]+\*/\s+(.*?)\s*;")
ENTRY = re.compile(r"^\.visible \.entry (\w+)|^\s*\.global\s+(\w+)$")
TARGET = re.compile(r"(\.L_x_\d+|\$L\w+)")
ENDS = re.compile(r"(bra|BRA|ret|RET|EXIT|brx|BRX)\b")
# The weights that an instruction has of a matrix: m16n8k16 has 16 by 16, and so
# has each warp of the four of m64nNk16.
MMA_ELEMENTS, LANES = 256, 32
# What Hopper's schedulers issue every other cycle, to 16 lanes.
HALF_RATE = re.compile(
    r"LOP3|SHF|PRMT|ISETP|IADD|VIADD|FMNMX|VIMNMX|HMNMX|VHMNMX|FSETP|HSETP|"
    r"FSEL|SEL|LEA|PLOP3|I2F|F2F|F2I|SGXT|MOV|BMSK|IABS")


def get_name(instruction):
    """An instruction without its predicate and operands."""
    return re.sub(r"^@\S+\s+", "", instruction).split()[0]


def read_lines(text):
    """The lines of a text, those of one instruction of PTX joined."""
    joined = ""
    for line in text.splitlines():
        line = line.split("//")[0].rstrip()
        joined = f"{joined} {line.strip()}" if joined else line
        starts = re.match(r"\s+(@|[a-z])", joined)
        if starts and not joined.endswith((";", "{")) and "=" not in joined:
            continue
        yield joined
        joined = ""


def read_instruction(line):
    sass = SASS.match(line)
    if sass:
        return sass[1]
    line = line.strip()
    is_ptx = line.endswith(";") and not line.startswith((".", "{", "}"))
    return line[:-1] if is_ptx else ""


def is_conditional(branch):
    return bool(re.match(r"@|\S+ !?UP\d", branch))


class Block:
    """Instructions without a label in between; what they may branch to."""

    def __init__(self, label=""):
        self.label, self.instructions = label, []
        self.target, self.falls_through = None, True

    def has(self, matches):
        return any(map(matches, self.instructions))


def read_kernels(text):
    """The blocks of each kernel, in order."""
    kernels, blocks = {}, []
    for line in read_lines(text):
        entry = ENTRY.match(line)
        if entry:
            blocks = kernels[entry[1] or entry[2]] = [Block()]
        label, instruction = LABEL.match(line), read_instruction(line)
        if label:
            blocks.append(Block(label[1]))
        if not instruction or not blocks or get_name(instruction) == "NOP":
            continue
        block = blocks[-1]
        block.instructions.append(instruction)
        if ENDS.match(get_name(instruction)):
            target = TARGET.search(instruction)
            block.target = target and target[1]
            block.falls_through = is_conditional(instruction)
            blocks.append(Block())
    return kernels


class Kernel:
    def __init__(self, blocks):
        self.blocks = blocks
        places = {block.label: i for i, block in enumerate(blocks)}
        self.following = [
            [places[block.target]] if block.target in places else []
            for block in blocks]
        for i, block in enumerate(blocks[:-1]):
            self.following[i] += [i + 1] * block.falls_through
        self.preceding = [[] for _ in blocks]
        for i, following in enumerate(self.following):
            for after in following:
                self.preceding[after].append(i)

    def find_way(self, start, end):
        """The blocks of the shortest way that leaves `start` and ends with `end`;
        none where there is none."""
        queue = [(0, i, None) for i in self.following[start]]
        heapq.heapify(queue)
        origins = {}
        while queue and end not in origins:
            length, i, origin = heapq.heappop(queue)
            if i in origins:
                continue
            origins[i] = origin
            length += len(self.blocks[i].instructions)
            for after in self.following[i]:
                heapq.heappush(queue, (length, after, i))
        way, i = [], end if end in origins else None
        while i is not None:
            way.append(i)
            i = origins[i]
        return way[::-1]

    def find_loop(self, places):
        """The blocks of the shortest way through all of `places` and back to the
        first; none where there is none."""
        loop = []
        for start, end in zip(places, places[1:] + places[:1]):
            way = self.find_way(start, end)
            if not way:
                return []
            loop += way
        return loop

    def get_instructions(self, loop):
        return [x for i in loop for x in self.blocks[i].instructions]

    def find_body(self, loop):
        """The blocks of the innermost loop that goes by `loop`."""
        bodies = []
        for i, j in zip(loop, loop[1:] + loop[:1]):
            # What comes to its last block, not by its first one.
            body, found = {j}, [i]
            while found:
                last = found.pop()
                if last not in body:
                    body.add(last)
                    found += self.preceding[last]
            if body.issuperset(loop):
                bodies.append(body)
        return min(bodies, key=len)

    def find_places(self, matches):
        return [i for i, block in enumerate(self.blocks) if block.has(matches)]


def get_width(instruction, kind):
    """The bytes of a load ("ld") or store ("st") of global memory; else 0."""
    name = get_name(instruction).lower()
    if name.startswith({"ld": "ldg.", "st": "stg."}[kind]):
        width = re.search(r"\.(?:[us])?(8|16|64|128)\b", name)
        return int(width[1] if width else 32) // 8
    if name.startswith(kind + ".global"):
        count = re.search(r"\.v(\d)\.", name)
        bits = re.search(r"\.[bufs](\d+)$", name)
        return int(bits[1]) // 8 * int(count[1] if count else 1)
    return 0


def is_mma(instruction):
    return get_name(instruction).startswith(("mma.sync", "HMMA")) or \
        is_warpgroup_mma(instruction)


def is_warpgroup_mma(instruction):
    return get_name(instruction).startswith(("wgmma.mma_async", "HGMMA"))


def is_copy(instruction):
    return bool(re.match(r"cp\.async\.\S+\.global .*, 16\b|LDGSTS\S*\.128",
                         re.sub(r"^@\S+\s+", "", instruction)))


def is_load(instruction):
    return get_width(instruction, "ld") == 16


def find_mma_loop(kernel):
    """The instructions of the loop, and its elements for each lane."""
    mma, copies = kernel.find_places(is_mma), kernel.find_places(is_copy)
    loads = [i for i in kernel.find_places(is_load) if i not in mma]
    found = []
    has_warpgroups = kernel.find_places(is_warpgroup_mma)
    are_one_loop = copies and not has_warpgroups
    for start in [mma] if are_one_loop else [[i] for i in mma]:
        body = kernel.find_body(kernel.find_loop(start))
        through = [i for i in copies or loads if i in body]
        loop = kernel.get_instructions(kernel.find_loop(start + through))
        found.append((loop, sum(map(is_mma, loop)) * MMA_ELEMENTS / LANES))
    return min(found, key=lambda loop: len(loop[0]) / loop[1])


def find_access_loop(kernel, kind, bits):
    """The same of the loop with the widest accesses of a kind."""
    widest = max(get_width(x, kind) for block in kernel.blocks
                 for x in block.instructions)

    def is_widest(instruction):
        return get_width(instruction, kind) == widest > 0

    loops = []
    for i in kernel.find_places(is_widest):
        loop = kernel.get_instructions(kernel.find_loop([i]))
        stores = any(get_width(x, "st") for x in loop)
        if loop and (kind == "st" or not stores):
            loops.append((loop, sum(map(is_widest, loop)) * widest * 8 / bits))
    return min(loops, key=lambda loop: len(loop[0]) / loop[1],
               default=([], 1))


def find_loops(kernel, reads, writes):
    if kernel.find_places(is_mma):
        return [find_mma_loop(kernel)]
    return [find_access_loop(kernel, "st", int(writes)),
            find_access_loop(kernel, "ld", int(reads))]


def read_table(path, column):
    """The name, bits read and written, and bound of each kernel."""
    titles, rows = [], []
    with open(path) as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.startswith("|"):
                titles = []
            elif column in cells:
                titles = cells
            elif titles and re.match(r"`\w+`$", cells[0]):
                rows.append((cells[0].strip("`"), float(cells[1]),
                             float(cells[2]), cells[titles.index(column)]))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--table", required=True)
    parser.add_argument("--column", required=True)
    parser.add_argument("--show", default=None, metavar="KERNEL")
    options = parser.parse_args()
    with open(options.file) as file:
        kernels = read_kernels(file.read())
    rows = read_table(options.table, options.column)
    if not rows:
        sys.exit(f"error: no table with a column '{options.column}'")
    failed = False
    for name, reads, writes, bound in rows:
        found = [x for x in kernels if x.startswith(name + "_")]
        if len(found) != 1:
            sys.exit(f"error: expected a kernel of {name}, found {found}")
        loops = find_loops(Kernel(kernels[found[0]]), reads, writes)
        count, half = [
            sum(sum(map(matches, loop)) * 8 / elements
                for loop, elements in loops)
            for matches in (lambda _: True,
                            lambda x: bool(HALF_RATE.match(get_name(x))))]
        exceeds = count > float(bound.split("/")[0]) + 0.05
        print(f"{name}: {count:.1f} / {half:.1f}" +
              (f", error: at most {bound} are recorded" if exceeds else ""))
        failed = failed or exceeds
        if options.show == name:
            print(*(x for loop, _ in loops for x in loop), sep="\n")
    sys.exit(failed)


main()
