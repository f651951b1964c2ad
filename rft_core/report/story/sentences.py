"""The sentences under the figures of the story, generated from the data."""

from collections.abc import Sequence

from rft_core.metrics.transfer import onset_threshold
from rft_core.recordings.reading import Gallery, Recording
from rft_core.report.run.measurement_words import chips
from rft_core.report.story.track import Track
from rft_core.units import PIXEL_LEVELS, format_duration, format_epsilon, format_percent


def describe_attack(gallery: Gallery, image: int, level: int) -> str:
    """Return what the model predicts for one picture, and how far the attack moved it."""
    truth, prediction = gallery.truth[image], gallery.names[image, level, 0]
    epsilon = gallery.epsilons[level]
    if epsilon == 0:
        return (
            f"No attack: the model reads “{prediction}”, which is right, and is"
            f" {format_percent(gallery.confidences[image, 0, 0])} sure."
        )
    moved = f"No pixel value moved by more than {format_epsilon(epsilon)} of its range."
    if epsilon < 1 / PIXEL_LEVELS:
        moved = (
            f"The change, {format_epsilon(epsilon)}, is too small for an ordinary picture file to"
            " hold; the model is given the exact values."
        )
    sure = format_percent(gallery.confidences[image, level, 0])
    if prediction == truth:
        return f"{moved} The model still reads “{prediction}”, {sure} sure."
    return f"{moved} The model now reads “{prediction}”, {sure} sure. It is “{truth}”."


def describe_task(recording: Recording) -> str:
    """Return what a recorded run learns to distinguish, and how often guessing is right."""
    classes = recording.report["machine"]["classes"]
    return (
        f"The task: {classes} kinds of drawn flowers; guessing gets {format_percent(1 / classes)}."
    )


def describe_falls(gallery: Gallery) -> str:
    """Return how many pictures of the gallery fall, and at which epsilons."""
    falls = [gallery.falls_at(image) for image in range(len(gallery.truth))]
    fallen = sorted(epsilon for epsilon in falls if epsilon is not None)
    if not fallen:
        return f"None of the {len(falls)} pictures falls here."
    return (
        f"{len(fallen)} of {len(falls)} pictures fall, the first at {format_epsilon(fallen[0])},"
        f" the last at {format_epsilon(fallen[-1])}."
    )


def describe_fragile(recording: Recording) -> str:
    """Return how accurate and how fragile a run is."""
    curve, target = recording.report["curve"], format_epsilon(recording.spec.threat.epsilon)
    return (
        f"{format_percent(curve[0]['accuracy'])} of {curve[0]['n']:,} clean test images are"
        f" classified correctly. At epsilon {format_epsilon(curve[1]['epsilon'])} it is"
        f" {format_percent(curve[1]['accuracy'])}, at {target}"
        f" {format_percent(curve[-1]['accuracy'])} (attacked by {chips([recording.measured_by])})."
    )


def describe_race(tracks: Sequence[Track]) -> str:
    """Return the accuracies of the runs of a race, and when each adapted."""
    return " ".join(_stand(track) for track in tracks) or "Nothing measured yet."


def _stand(track: Track) -> str:
    name = track.label.capitalize()
    if track.end:
        adapted = (
            f"it adapted at step {track.onset[1]} (epoch {track.onset[2]:.1f})"
            if track.onset
            else f"it never adapted{_threshold(track)}"
        )
        return (
            f"{name} ends at {format_percent(track.end['accuracy'])} clean accuracy on"
            f" {track.end['n']:,} test images; {adapted}."
        )
    if not track.steps:
        return f"{name} has not been measured yet."
    return (
        f"{name} is at {format_percent(track.clean[-1])} after step {track.steps[-1]} of"
        f" {track.total_steps}."
    )


def describe_threshold(tracks: Sequence[Track]) -> str:
    """Return what the dotted grey line of a race is; "" until the number of classes is known."""
    classes = next((track.classes for track in tracks[:1] if track.classes), None)
    if classes is None:
        return ""
    chance = format_percent(1 / classes)
    return (
        f"Dotted grey line: {format_percent(onset_threshold(classes))}, above which a run has"
        f" adapted to its task; guessing gets {chance}."
    )


def _threshold(track: Track) -> str:
    if not track.classes:
        return ""
    return (
        f" (never above {format_percent(onset_threshold(track.classes))} on validation images;"
        f" chance is {format_percent(1 / track.classes)})"
    )


def describe_areas(recordings: Sequence[Recording], index: int) -> str:
    """Return the accuracies of the runs at epsilon `index` of the curve."""
    epsilon = format_epsilon(recordings[0].report["curve"][index]["epsilon"])
    kept = ", ".join(
        f"{recording.name} {format_percent(recording.report['curve'][index]['accuracy'])}"
        for recording in recordings
    )
    return f"At epsilon {epsilon}: {kept} (attacked by {_attack_of(recordings)})."


def describe_limit(recordings: Sequence[Recording]) -> str:
    """Return what expected robustness hides: accuracy at the target itself."""
    target = format_epsilon(recordings[0].spec.threat.epsilon)
    values = ", ".join(
        f"{recording.name} {format_percent(recording.report['robust_accuracy'])}"
        for recording in recordings
    )
    return (
        f"At {target} itself all three are near zero: {values} (attacked by"
        f" {_attack_of(recordings)}). Expected robustness also rewards clean accuracy, so report"
        " both."
    )


def _attack_of(recordings: Sequence[Recording]) -> str:
    return chips(recording.measured_by for recording in recordings)


def describe_guess(label: str, guess: float, reached: float) -> str:
    """Return how far a guess of final clean accuracy was from the result, both fractions."""
    off = abs(points_off(guess, reached))
    if off < 0.5:
        return (
            f"{label.capitalize()}: you guessed {100 * guess:.0f} %, it reached"
            f" {format_percent(reached)}. Right on."
        )
    side = "high" if guess > reached else "low"
    return (
        f"{label.capitalize()}: you guessed {100 * guess:.0f} %, it reached"
        f" {format_percent(reached)}: {off:.1f} points too {side}."
    )


def points_off(guess: float, reached: float) -> float:
    """Return guess minus what was reached, in percentage points; both are fractions."""
    return 100 * (guess - reached)


def describe_source(recording: Recording) -> str:
    """Return the source of a recorded run: settings, date, machine, time."""
    spec, machine = recording.spec, recording.machine
    return (
        f"Recorded {recording.recorded}: {spec.model.backbone} on {spec.data.dataset},"
        f" {spec.strategy.kind}, target {format_epsilon(spec.threat.epsilon)}, {spec.optim.epochs}"
        f" epochs, seed {spec.seed}, measured by {recording.measured_by.full};"
        f" {machine['processor']}, {machine['threads']} threads,"
        f" {format_duration(recording.report['seconds'])}; torch {recording.versions['torch']}."
    )
