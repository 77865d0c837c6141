"""Laws over the shelf of data sets, and what loaders say of files that they cannot use."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltlab import catalog
from dltlab.engine.data import DATA
from dltlab.engine.data.base import Examples
from dltlab.engine.problems import PROBLEMS
from dltlab.errors import ScenarioError


def examples(**table: Any) -> Examples:
    return catalog.make(DATA, table, noun="data set", at=("problem", "data")).examples()


def cifar(folder: Path, images: int = 40) -> Path:
    """Two files in the binary form of CIFAR-10."""
    random = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for number in (1, 2):
        labels = random.integers(0, 10, (images, 1), np.uint8)
        pixels = random.integers(0, 256, (images, 3072), np.uint8)
        (folder / f"data_batch_{number}.bin").write_bytes(np.hstack([labels, pixels]).tobytes())
    return folder


def bank(folder: Path) -> dict[str, dict[str, Any]]:
    random = np.random.default_rng(1)
    np.savez(folder / "set.npz", x=random.standard_normal((30, 4, 5)), y=random.integers(0, 3, 30))
    return {
        "chebyshev": {"degree": 5, "points": 17},
        "cifar10": {"path": str(cifar(folder / "cifar"))},
        "digits": {"points": 100},
        "npz": {"path": str(folder / "set.npz")},
        "points": {"inputs": [-1.5, 0.5, 2.0], "targets": [0.5, -0.5, 0.3]},
        "spiral": {"points": 17, "turns": 1.5},
        "sphere": {"points": 12, "dimension": 5, "labels": "bottom"},
        "teacher": {"points": 12, "dimension": 5, "inputs": "gaussian"},
    }


@pytest.mark.parametrize("kind", sorted(DATA))
def test_inputs_targets_and_labels_belong_together(kind: str, tmp_path: Path) -> None:
    found = examples(kind=kind, **bank(tmp_path)[kind])
    assert found.inputs.ndim == found.targets.ndim == 2
    assert len(found.inputs) == len(found.targets) > 0
    assert found.inputs.dtype == found.targets.dtype == np.float64
    assert np.isfinite(found.inputs).all()
    if found.labels is not None:
        assert (found.targets.argmax(axis=1) == found.labels).all()
        assert (found.targets.sum(axis=1) == 1).all()
        np.testing.assert_allclose(found.inputs.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(np.mean(found.inputs**2), 1, rtol=1e-12)


def test_the_spirals_are_one_another_turned_by_half_a_turn() -> None:
    found = examples(kind="spiral", points=40, turns=1.5)
    assert found.labels is not None
    one, other = found.inputs[found.labels == 0], found.inputs[found.labels == 1]
    assert len(one) == len(other) == 20
    np.testing.assert_allclose(one, -other, atol=1e-12)
    angles = np.unwrap(np.arctan2(one[:, 1], one[:, 0]))
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi * 1.5 / 20, rtol=1e-9)
    assert (np.diff(np.linalg.norm(one, axis=1)) > 0).all()


def test_the_digits_are_real() -> None:
    found = examples(kind="digits")
    assert found.inputs.shape == (1797, 64)
    assert found.labels is not None
    assert np.bincount(found.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_cifar_is_read_from_its_binary_form_and_from_npz(tmp_path: Path) -> None:
    folder = cifar(tmp_path / "cifar")
    binary = examples(kind="cifar10", path=str(folder), points=60)
    raw = np.concatenate([np.fromfile(f, np.uint8).reshape(-1, 3073) for f in sorted(folder.iterdir())])
    np.savez(tmp_path / "cifar.npz", x=raw[:, 1:], y=raw[:, 0])
    packed = examples(kind="cifar10", path=str(tmp_path / "cifar.npz"), points=60)
    assert binary.inputs.shape == (60, 3072)
    np.testing.assert_allclose(binary.inputs, packed.inputs, atol=1e-12)
    few = examples(kind="cifar10", path=str(folder), classes=4)
    assert few.targets.shape[1] == 4
    assert few.labels is not None
    assert few.labels.max() == 3


def files(folder: Path) -> dict[str, tuple[str, Path, str]]:
    """Per fault the data set's kind, a file that has it, and a word of the sentence that says so."""
    (folder / "empty").mkdir()
    (folder / "short.bin").write_bytes(b"\0" * 100)
    pickled = folder / "pickled"
    pickled.mkdir()
    (pickled / "data_batch_1").write_bytes(b"\x80\x04.")
    (folder / "noise.npz").write_bytes(b"PK nothing of the kind")
    np.savez(folder / "other.npz", a=np.zeros(3))
    np.savez(folder / "odd.npz", x=np.zeros((3, 2)), y=np.zeros(4))
    np.savez(folder / "nan.npz", x=np.full((3, 2), np.nan), y=np.zeros(3))
    np.savez(folder / "object.npz", x=np.array([{}, {}]), y=np.zeros(2))
    np.savez(folder / "no-features.npz", x=np.zeros((20, 0)), y=np.zeros(20))
    np.savez(folder / "sound.npz", x=np.zeros((3, 2)), y=np.zeros(3))
    sound = (folder / "sound.npz").read_bytes()
    (folder / "locked.npz").write_bytes(patched(sound, flags=b"\1\0"))
    (folder / "packed.npz").write_bytes(patched(sound, method=b"\x61\0"))
    return {
        "no file": ("npz", folder / "none.npz", "no such file"),
        "no folder": ("cifar10", folder / "none", "download"),
        "an empty folder": ("cifar10", folder / "empty", "download"),
        "pickles": ("cifar10", pickled, "pickled"),
        "a cut file": ("cifar10", folder / "short.bin", "3073-byte"),
        "noise": ("npz", folder / "noise.npz", "cannot be read"),
        "another's arrays": ("npz", folder / "other.npz", "no array 'x'"),
        "unequal lengths": ("npz", folder / "odd.npz", "do not fit"),
        "NaN": ("npz", folder / "nan.npz", "not finite"),
        "objects": ("npz", folder / "object.npz", "plain numbers"),
        "not CIFAR": ("cifar10", folder / "odd.npz", "do not fit"),
        "a folder": ("npz", folder, "cannot be read"),
        "no features": ("npz", folder / "no-features.npz", "do not fit"),
        "a password": ("npz", folder / "locked.npz", "encrypted"),
        "a strange packing": ("npz", folder / "packed.npz", "cannot be read"),
    }


def patched(archive: bytes, flags: bytes | None = None, method: bytes | None = None) -> bytes:
    """A zip archive with other flags, or another method of compression, for every entry."""
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        pieces = archive.split(mark)
        at = place - len(mark)
        for number, piece in enumerate(pieces[1:], 1):
            known = piece[at : at + 2], piece[at + 2 : at + 4]
            pieces[number] = piece[:at] + (flags or known[0]) + (method or known[1]) + piece[at + 4 :]
        archive = mark.join(pieces)
    return archive


def test_booleans_are_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.eye(4), y=np.array([True, False, True, True]))
    found = examples(kind="npz", path=str(tmp_path / "set.npz"))
    np.testing.assert_array_equal(found.labels, [1, 0, 1, 1])


def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for fault, (kind, path, words) in files(tmp_path).items():
        with subtests.test(fault):
            data = {"kind": kind, "path": str(path)}
            table = {"kind": "supervised", "data": data, "model": {"kind": "mlp", "widths": [2]}}
            with pytest.raises(ScenarioError) as caught:
                catalog.make(PROBLEMS, table, noun="problem", at=("problem",))
            [said] = caught.value.faults
            assert words in said
            assert path.name in said
            assert "\n" not in said
