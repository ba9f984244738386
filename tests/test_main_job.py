"""The job of ``make run``: training on real data with the same result every time, and readable pictures."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from examples import autoencoder, main_job


def test_the_job_trains_and_writes_its_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main_job, "SEEDS", (0,))  # the others take as long again
    main_job.main()
    printed, progress = capsys.readouterr()
    trained, held_out, digits = (float(share) for share in re.findall(r"accuracy +([\d.]+)%", printed))
    assert trained >= 95
    assert held_out >= 93  # what chance gives is 33; the two species that overlap cost everybody two or three flowers
    assert "60/60" in progress
    assert float(re.search(r"compiled [\d.]+ s, with the same losses to (\S+)", printed)[1]) < 1e-9
    assert digits >= 98  # of 360 that the network never saw
    assert "epoch 25/25" in progress
    assert "1125/1125" in progress  # 25 epochs of ⌈1437 / 32⌉ batches
    assert "Babysitter: healthy" in printed
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["digits.svg", "loss.svg", "sigmoid-neuron.svg", "trained-neuron.svg"]
    for name in written:
        assert name in printed
        assert ET.parse(tmp_path / "out" / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert "petal width" in (tmp_path / "out" / "trained-neuron.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_its_output_may_go_to_a_file_of_any_encoding(tmp_path, monkeypatch, encoding):
    """Redirected output is cp1252 on Windows; ✓ and a path in Korean are in none of its places."""
    (folder := tmp_path / "결과 ∂").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(main_job, "SEEDS", (0,))
    iris, digits = main_job.train_iris, main_job.train_digits
    monkeypatch.setattr(main_job, "train_iris", lambda: iris(epochs=1))
    monkeypatch.setattr(main_job, "train_digits", lambda seed: digits(seed, epochs=1))
    with open(tmp_path / "printed", "w", encoding=encoding) as output:
        monkeypatch.setattr("sys.stdout", output)
        main_job.main()
    printed = (tmp_path / "printed").read_text(encoding=encoding)
    assert ("✓" if encoding == "utf-8" else "+") + " initial loss" in printed
    assert "digits.svg" in printed


def test_a_seed_gives_the_same_numbers_and_another_seed_others():
    runs = [main_job.train_iris(seed, epochs=2) for seed in (5, 5, 6)]
    weights = [[p.data for p in model.parameters()] for model, _ in runs]
    assert runs[0][1] == runs[1][1] != runs[2][1]
    assert weights[0] == weights[1] != weights[2]


def test_training_starts_from_what_chance_gives_and_gets_better():
    _, losses = main_job.train_iris(epochs=20)
    assert losses[0] < 1.3  # log 3 is 1.10
    assert losses[-1] < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("seed", main_job.SEEDS)
def test_digits_are_read_from_every_seed(seed):
    accuracy, history, sitter = main_job.train_digits(seed)
    assert accuracy >= 0.98
    assert accuracy == history["validation accuracy"][-1]  # of the last epoch: none was chosen
    assert sitter.report().healthy


def test_the_network_that_reads_digits_is_what_its_picture_says():
    model = main_job.digits_network(np.random.default_rng(0))
    rows = {row.path: row.shape for row in model.summary((5, 1, 8, 8))}
    assert rows["0"] == (5, 16, 8, 8)
    assert rows["3"] == (5, 16, 4, 4)
    assert rows["7"] == (5, 32, 2, 2)
    assert rows[""] == (5, 10)
    assert sum(p.size for p in model.parameters()) == 16 * 9 + 16 + 32 * 16 * 9 + 32 + 2 * (16 + 32) + 128 * 10 + 10


def test_an_auto_encoder_keeps_more_in_two_numbers_than_straight_lines_can(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    autoencoder.main()
    printed = capsys.readouterr().out
    error, pca, denoised, noisy_pca, noise = map(float, re.findall(r"0\.\d{4}", printed))
    assert error < 0.8 * pca  # PCA is the best that any straight lines through 2 numbers can do
    assert 0.052 < pca < 0.055  # the variance that scikit-learn's PCA of two components leaves, by pixel
    assert denoised < 0.75 * noisy_pca < noisy_pca < noise == 0.09
    for name in ("autoencoder.svg", "autoencoder-code.svg"):
        assert name in printed
        assert ET.parse(tmp_path / "out" / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_two_numbers_alone_tell_digits_apart():
    found = autoencoder.train(epochs=15, progress=False)
    distance = np.square(found.codes[:, None] - found.codes).sum(2)
    np.fill_diagonal(distance, np.inf)
    assert (found.labels[distance.argmin(1)] == found.labels).mean() > 0.5  # a tenth by chance
    assert found.codes.shape == (len(found.labels), 2)
