"""A TCP proxy before a NATS server that treats messages as a bad network with retries does: it doubles, delays and
reorders them, both ways, and cuts connections in the middle of a frame.

It knows of the protocol (docs.nats.io, "NATS Protocol") only where a frame ends: PUB, HPUB, MSG and HMSG carry a
payload, everything else is a line. Lines (CONNECT, SUB, PING …) keep their places; acknowledgements and requests of
JetStream are messages like any other. What is doubled or late still arrives before its connection ends, or never.
"""

import asyncio
import random
import threading
from collections import Counter

CARRIES = (b"PUB", b"HPUB", b"MSG", b"HMSG")
LONGEST_LINE = 1 << 20


class Faults:
    """How often what happens to a message, as probabilities, and how late a late one is, in seconds."""

    def __init__(self, double=0.0, delay=0.0, swap=0.0, latest=0.15, seed=1):
        self.double, self.delay, self.swap, self.latest = double, delay, swap, latest
        self.dice = random.Random(seed)


class Way:
    """One direction of one connection. The loop's thread only."""

    def __init__(self, proxy, name, writer):
        self.proxy, self.name, self.writer, self.held = proxy, name, writer, None

    def send(self, frame):
        if not self.writer.is_closing():
            self.writer.write(frame)

    def message(self, frame):
        faults, loop = self.proxy.faults, asyncio.get_running_loop()
        if faults is None:
            self.release()
            self.send(frame)
            return
        self.proxy.count(self.name, "message")
        if faults.dice.random() < faults.double:
            self.proxy.count(self.name, "doubled")
            loop.call_later(faults.dice.random() * faults.latest, self.send, frame)
        if faults.dice.random() < faults.delay:
            self.proxy.count(self.name, "delayed")
            loop.call_later(faults.dice.random() * faults.latest, self.send, frame)
            return
        if self.held is None and faults.dice.random() < faults.swap:
            self.proxy.count(self.name, "swapped")
            self.held = frame
            loop.call_later(faults.latest, self.release)  # when nothing follows it
            return
        self.send(frame)
        self.release()

    def release(self):
        if self.held is not None:
            frame, self.held = self.held, None
            self.send(frame)


class NatsProxy:
    """Listens from its construction to `stop`, on `port`. `faults` may be set at any time; None: a faithful one.
    Threads: its own; the methods are for any."""

    def __init__(self, server_port, port=0, faults=None):
        self.server_port, self.faults = server_port, faults
        self.lock, self.counts, self.pairs, self.cuts = threading.Lock(), Counter(), set(), 0
        self.loop, self.ended = asyncio.new_event_loop(), None
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        opened = asyncio.run_coroutine_threadsafe(self.open(port), self.loop)
        self.port = opened.result(10)

    async def open(self, port):
        self.listener = await asyncio.start_server(self.serve, "127.0.0.1", port, limit=LONGEST_LINE)
        return self.listener.sockets[0].getsockname()[1]

    def stop(self):
        def close():
            self.listener.close()
            for writer in self.writers():
                writer.transport.abort()
            self.loop.call_later(0.05, self.loop.stop)

        self.loop.call_soon_threadsafe(close)
        self.thread.join(10)

    def count(self, way, what):
        with self.lock:
            self.counts[f"{way} {what}"] += 1

    def writers(self):
        return [writer for pair in self.pairs for writer in pair]

    def cut(self):
        """Every connection breaks at its next message, in the middle of it."""
        def begin():
            self.cuts += 1

        self.loop.call_soon_threadsafe(begin)

    async def serve(self, reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.server_port, limit=LONGEST_LINE)
        except OSError:
            writer.transport.abort()  # as the server would refuse it
            return
        pair = (writer, to_writer)
        self.pairs.add(pair)
        ways = (self.pump(reader, Way(self, "up", to_writer), pair), self.pump(to_reader, Way(self, "down", writer), pair))
        await asyncio.gather(*ways, return_exceptions=True)
        self.pairs.discard(pair)

    async def pump(self, reader, way, pair):
        """Until either side ends; then both do."""
        cuts = self.cuts
        try:
            while True:
                frame, is_message = await read_frame(reader)
                if is_message and cuts != self.cuts:
                    self.count(way.name, "cut")
                    way.send(frame[:len(frame) // 2])
                    await way.writer.drain()
                    break
                if is_message:
                    way.message(frame)
                else:
                    way.send(frame)
                await way.writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            for writer in pair:
                writer.close()


async def read_frame(reader):
    """(the bytes of the next frame, whether it is a message)"""
    line = await reader.readuntil(b"\r\n")
    words = line.split()
    if not words or words[0].upper() not in CARRIES:
        return line, False
    return line + await reader.readexactly(int(words[-1]) + 2), True
