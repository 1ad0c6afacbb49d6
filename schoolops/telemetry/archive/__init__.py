"""The archive of measurements: files of each day, written when it is over, beside the backups.

A day has up to three files, one a grain, as each grain is kept for a time of its own: `reports`
(every report, packed), `fine` (buckets of 5 minutes) and `hourly`. Buckets are archived in the
night after their day, before its hours are joined, and once more afterwards; reports when they
are packed, after two days. A file is never changed. What late reports change is written anew, at
most once a day, and the list of the files (`files.Listing`), which names the valid ones with their
checksums, is replaced at one stroke.
"""
