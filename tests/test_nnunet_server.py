import os

from tests.nnunet_server import run_at_once, run_nnunet

TELL = "import os, sys, torch; print(os.getpid(), sys.argv[1], os.environ['MINE'], torch.rand(1).item())"


def test_each_command_is_a_process_with_its_own_arguments_environment_and_chance() -> None:
    told = [
        done.stdout.splitlines()[0].split()  # below, libraries say how they were ended
        for mine in ("a", "b")
        for done in run_at_once([["-c", TELL, "x"], ["-c", TELL, "y"]], {**os.environ, "MINE": mine})
    ]
    processes, arguments, environments, chances = zip(*told, strict=True)
    assert len({str(os.getpid()), *processes}) == 5
    assert (arguments, environments) == (("x", "y", "x", "y"), ("a", "a", "b", "b"))
    assert len(set(chances)) == 4


def test_a_command_that_fails_says_so_and_the_next_one_runs() -> None:
    failed = run_nnunet(["nnUNetv2_train", "--nonsense"], os.environ)
    assert failed.returncode == 2
    assert "usage: nnUNetv2_train" in failed.stdout
    assert run_nnunet(["-c", "print('well')"], os.environ).stdout.startswith("well\n")
