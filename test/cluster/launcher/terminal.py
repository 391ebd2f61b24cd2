"""Runs a command in a pseudo-terminal of its own: `terminal.py <command...>`.

Copies what it shows to stdout. A line "interrupt" on stdin presses Ctrl-C in the terminal; "close" closes it, as closing
its window does. Ends with the command's exit code as its last line, "exit N".
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 140, 0, 0))
shown, commands = True, True
while shown:
    ready, _, _ = select.select([terminal] + ([sys.stdin.fileno()] if commands else []), [], [])
    if terminal in ready:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        shown = len(data) > 0
        os.write(1, data)
    if sys.stdin.fileno() in ready:
        data = os.read(sys.stdin.fileno(), 4096)
        commands = len(data) > 0
        for command in data.split():
            if command == b"interrupt":
                os.write(terminal, b"\x03")
            if command == b"close":
                os.close(terminal)
                shown = False
_, status = os.waitpid(pid, 0)
print("\nexit", os.waitstatus_to_exitcode(status), flush=True)
