"""Processes are known by more than their number, and signals end a block as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from dimscope._processes import Owner, Stopped, orderly_exit

SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["SIGTERM", "SIGHUP"]
)


class TestWhetherAProcessHasEnded:
    def test_this_one_runs(self) -> None:
        assert not Owner.this_process().is_gone()

    def test_a_number_that_another_process_has_now(self) -> None:
        this = Owner.this_process()
        assert Owner(host=this.host, pid=this.pid, started=this.started - 1).is_gone()

    def test_one_that_has_ended(self) -> None:
        code = "from dimscope._processes import Owner as o; print(o.this_process().pid)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        host = Owner.this_process().host
        assert Owner(host=host, pid=int(done.stdout), started=0).is_gone()

    def test_one_that_has_ended_and_that_its_parent_has_not_asked_after(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as run:
            owner = Owner(host=Owner.this_process().host, pid=run.pid, started=0)
            assert not owner.is_gone()
            run.kill()
            os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
            assert owner.is_gone()

    def test_of_another_machine_nothing_is_known(self) -> None:
        assert not Owner(host="elsewhere", pid=2**22 + 1, started=1).is_gone()


class TestASignal:
    @SIGNALS
    def test_ends_the_block_with_the_code_of_shells(self, number: int, code: int) -> None:
        ended = []

        def work() -> None:
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)  # a second one interrupts nothing
                ended.append(True)

        with pytest.raises(Stopped) as stopped, orderly_exit():
            work()
        assert stopped.value.code == stopped.value.exit_code == code
        assert stopped.value.signal == signal.Signals(number).name
        assert ended == [True]
        assert signal.getsignal(number) is signal.SIG_DFL

    def test_blocks_may_lie_in_each_other(self) -> None:
        with orderly_exit():
            outer = signal.getsignal(signal.SIGTERM)
            with orderly_exit():
                assert signal.getsignal(signal.SIGTERM) is outer
            assert signal.getsignal(signal.SIGTERM) is outer
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    @pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda *_: None], ids=["nohup", "handler"])
    def test_that_somebody_else_handles_stays_theirs(self, theirs: object) -> None:
        before = signal.signal(signal.SIGHUP, theirs)
        try:
            with orderly_exit():
                assert signal.getsignal(signal.SIGHUP) is theirs
            assert signal.getsignal(signal.SIGHUP) is theirs
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_a_handler_that_is_set_within_the_block_stays(self) -> None:
        def theirs(*_: object) -> None: ...

        try:
            with orderly_exit():
                signal.signal(signal.SIGTERM, theirs)
            assert signal.getsignal(signal.SIGTERM) is theirs
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def test_other_threads_touch_no_handler(self) -> None:
        found = []

        def ask() -> None:
            with orderly_exit():
                found.append(signal.getsignal(signal.SIGTERM))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert found == [signal.SIG_DFL]

    def test_ends_a_fork_without_running_what_is_its_parents(self) -> None:
        code = (
            "import os, signal\nfrom dimscope._processes import orderly_exit\n"
            "with orderly_exit():\n"
            "    pid = os.fork()\n"
            "    if pid == 0:\n"
            "        try:\n"
            "            os.kill(os.getpid(), signal.SIGTERM)\n"
            "        finally:\n"
            "            print('removed', flush=True)\n"
            "    print(os.WTERMSIG(os.waitpid(pid, 0)[1]))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.split() == [b"15"]
