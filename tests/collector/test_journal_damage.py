"""The journal when its files were cut off, torn or damaged: see the machine for what is asked of it."""

from hypothesis import HealthCheck, settings

from benchmarks.journal_machine import DamagedJournalMachine

TestDamagedJournal = DamagedJournalMachine.TestCase
TestDamagedJournal.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
