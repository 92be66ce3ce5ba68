"""Errors that can be shown to an operator as they are.

Every message is one or two sentences: what was expected, what came, what to do.
"""

from __future__ import annotations


class InspectionError(Exception):
    """Base of every error that the system raises on purpose."""


class ImageError(InspectionError):
    """A picture cannot be used: unreadable, too large, animated, mislabelled."""


class NoPictureError(ImageError):
    """What lies beside pictures is plainly none: to be named, but no part that was missed."""


class RequestError(InspectionError):
    """An inspection is asked for in a way that contradicts itself."""


class NumberError(InspectionError):
    """What was typed is no number, or not one that can be meant."""


class AmbiguousNumberError(NumberError):
    """What was typed is one number to some readers and another to others."""


class ProductError(InspectionError):
    """A product is unknown, has no detector, or cannot be taught."""


class CheckpointError(InspectionError):
    """A detector's files are missing, damaged or from another version."""


class KnowledgeError(InspectionError):
    """The knowledge file or its index cannot be used."""


class RecordsError(InspectionError):
    """The records cannot be opened, read or written."""


class OutdatedError(RecordsError):
    """Somebody has saved a newer state of what is to be changed."""


class RecordsInUseError(RecordsError):
    """Another process holds the records, most likely the running console."""


class WeightsError(InspectionError):
    """The weights of a backbone or an encoder cannot be had on this machine."""


class LibraryError(InspectionError):
    """A library is needed that an inspecting station does without."""


class DetectorError(InspectionError):
    """A detector is unknown, wrongly configured, or cannot be trained or exported."""


class NotTaughtError(DetectorError):
    """A product was not taught with the detector that is asked for."""


class SettingsError(InspectionError):
    """A setting, from the environment or `.env`, has a value that it cannot have."""


class OutputError(InspectionError):
    """A file or folder that was asked for cannot be written."""


class EvaluationError(InspectionError):
    """What is to be measured, or how, does not make sense."""


class WriterError(InspectionError):
    """A report writer is unknown, cannot run here, or gave no answer."""


class JobError(InspectionError):
    """A job is unknown, wrongly described, or in no state for what is asked of it."""


class UnforeseenError(InspectionError):
    """Stands in for an error that is none of the above, so that it too is a sentence."""
