"""Which processor has the work of a disk."""

import os
from pathlib import Path


def interrupt_processor(directory):
    """The processor that takes most interrupts of the disk `directory` is on; None if unknown."""
    number = os.stat(directory).st_dev
    device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    for folder in (device, *device.parents):
        listed = folder / "msi_irqs"
        if listed.is_dir():
            return _busiest({entry.name for entry in listed.iterdir()})
    return None


def _busiest(irqs):
    first, *lines = Path("/proc/interrupts").read_text().splitlines()
    processors = [int(name.removeprefix("CPU")) for name in first.split()]
    taken = [0] * len(processors)
    for line in lines:
        irq, _, rest = line.strip().partition(":")
        if irq in irqs:
            counts = rest.split()[:len(processors)]
            taken = [before + int(count) for before, count in zip(taken, counts)]
    return processors[taken.index(max(taken))] if any(taken) else None
