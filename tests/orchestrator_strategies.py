"""What is chosen from when things are said to the orchestrator at random."""

from hypothesis import strategies as st

from orchestrator_messages import Wish
from tisktask_common.lifecycle import JOB_ENDS, JobState

SHAS = st.sampled_from("ab")
HOSTS = st.sampled_from(["one", "two"])
LINES = st.sampled_from(["pull_request/1", "branch/main"])
GOOD, BAD = JobState.SUCCEEDED, JobState.FAILED
ENDS = st.sampled_from([GOOD, GOOD, GOOD, BAD, BAD, BAD, *sorted(JOB_ENDS), JobState.RUNNING])
CODES = st.sampled_from([None, 1, 75])
RETRY_CODES = st.sampled_from([(), (75,), (1, 75)])
WISH = st.builds(Wish, st.sampled_from("abcd"), st.sampled_from([0, 1, 2, 2]), st.booleans(), RETRY_CODES)
WISHES = st.lists(WISH, max_size=4, unique_by=lambda wish: wish.name).map(tuple)
SOME = st.lists(WISH, min_size=1, max_size=3, unique_by=lambda wish: wish.name).map(tuple)
PROGRAMS = st.one_of(SOME, SOME, SOME, WISHES, st.none())
DATA = st.data()
