"""Why rows are not kept: every reason that a stage may give, with its meaning."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A reason of rejection: the text that stands in the column `reason` of REJECTED_ROWS, and what it means.

    What was seen of the single row stands in the column `evidence`, never in the reason.
    """

    meaning: str

    def __new__(cls, code: str, meaning: str = "") -> Self:  # the default is for type checkers: `Reason(code)` finds
        """Make a member from the text of the column and its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    # Seed functions: reading sources
    NOT_PYTHON = "not_python", "The row says that it is in another language"
    NO_PYTHON_BLOCK = "no_python_block", "The answer has no fenced block of Python"
    NO_FUNCTION_OR_CLASS = "no_function_or_class", "The code defines neither a function nor a class"
    DOES_NOT_PARSE = "does_not_parse", "The text is not valid Python"
    TOO_SHORT = "too_short", "The function has fewer characters than this source needs"
    UNKNOWN_NAME = "uses_an_unknown_name", "The function uses a name that its module does not define"
    OWN_PACKAGE = "imports_its_own_package", "The function needs other modules of its package, which sandboxes lack"
    PROGRAM_TOO_LONG = "program_too_long", "The function together with all that it uses is too long"

    # Seed functions: choosing among them
    NO_DOCSTRING = "no_docstring", "The function has no docstring"
    REPEATED = "repeated", "The same function, or one with the same name and description, was found before"
    NEAR_DUPLICATE = "near_duplicate", "The code is much like that of a seed that was found before"
    NOT_SAMPLED = "not_sampled", "The random sample of seeds does not contain it"
    CONTAMINATED_WORDS = "contaminated_words", "Its words repeat a run of words of a benchmark's question"
    CONTAMINATED_CODE = "contaminated_code", "Its code is much like a reference program of a benchmark"
    CONTAMINATED_EXECUTION = "contaminated_execution", "It passes all tests of a question of a benchmark"

    # Questions from seed functions
    NO_FUNCTION = "no_function", "The seed's code does not define the function that the seed names"
    BUILTIN_NAME = "builtin_name", "The function is named like a builtin: a program passes without defining it"
    DOCSTRING_TOO_SHORT = "docstring_too_short", "The docstring is too short to say what the function does"
    NO_ARGUMENTS = "no_arguments", "The function takes no arguments, so that every call gives the same"
    CONTEXT_MANAGER = "context_manager", "The function is a decorated generator, which gives no value"
    REACHES_OUTSIDE = "reaches_outside", "The code uses files, the network, the time, randomness or the like"

    # Questions that a model wrote
    NO_ANSWER = "no_answer", "The writer was not asked, or did not answer"
    EMPTY_ANSWER = "empty_answer", "The writer's answer is empty"
    NO_JSON_OBJECT = "no_json_object", "The writer's answer holds no JSON object"
    MISSING_PARTS = "missing_parts", "The answer lacks the question, the signature or the tests"
    NO_QUESTION = "no_question", "The answer's question is empty or not a text"
    TESTS_NOT_TEXTS = "tests_not_texts", "The answer's tests are not a list of texts"
    NO_TESTS = "no_tests", "The answer's list of tests is empty"
    NO_SIGNATURE = "no_signature", "The answer's signature is not that of a function"

    # Imported questions and programs
    EMPTY_QUESTION = "empty_question", "The question has no text"
    NO_ENTRY_POINT = "no_entry_point", "The question names no function, and its tests call none"
    QUESTION_REJECTED = "question_rejected", "Its question was rejected"
    UNKNOWN_QUESTION = "unknown_question", "The import has no question with this id"
    EMPTY_PROGRAM = "empty_program", "The program has no text"
    DUPLICATE = "duplicate", "The same row was read or made before"

    # Tests as they are written
    NO_ASSERT = "no_assert", "The test asserts nothing"
    ENTRY_POINT_NOT_CALLED = "entry_point_not_called", "The test never calls the question's function"
    MALFORMED_IO_TEST = "malformed_io_test", "The input/output test cannot be read"
    CHALLENGE_TEST = "challenge_test", "The publisher does not count this extra test"
    ANOTHER_KIND_OF_TEST = "another_kind_of_test", "The question's other tests are of another kind"
    NOT_ONE_ASSERT = "not_one_assert", "The test has more statements than one assert"
    CONTRADICTS_ANOTHER = "contradicts_another", "Another test expects something else of the same call"

    # Tests made by running a trusted program
    CALL_RAISED = "call_raised", "The trusted program raised an exception"
    CALL_STOPPED = "call_stopped", "The sandbox stopped the trusted program: time, memory, output or a crash"
    VALUE_TOO_LONG = "value_too_long", "The value is too long to be an expected value"
    VALUE_NOT_LITERAL = "value_not_literal", "The value cannot be written as a Python literal"
    UNSTABLE_VALUE = "unstable_value", "Another run of the same call gave another value"
    ONE_VALUE_ONLY = "one_value_only", "Every call that works gives the same value: no test can tell programs apart"
    ENOUGH_TESTS = "enough_tests", "The question has enough tests with other values"

    # Tests kept by the verdicts of oracle programs
    NO_REFERENCE_PROGRAM = "no_reference_program", "The question has no reference program to be its oracle"
    NO_ORACLE_PROGRAM = "no_oracle_program", "No oracle program was judged by the test"
    ORACLE_FAILED = "oracle_failed", "The oracle program fails the test"
    ORACLE_ERROR = "oracle_error", "The oracle program raises an exception in the test"
    ORACLE_CPU_TIMEOUT = "oracle_cpu_timeout", "The oracle program uses too much processor time in the test"
    ORACLE_WALL_TIMEOUT = "oracle_wall_timeout", "The oracle program takes too long in the test"
    ORACLE_MEMORY = "oracle_memory", "The oracle program uses too much memory in the test"
    ORACLE_CRASHED = "oracle_crashed", "The oracle program crashes in the test"
    ORACLE_OUTPUT_LIMIT = "oracle_output_limit", "The oracle program prints or returns too much in the test"
    ORACLE_JUDGE_ERROR = "oracle_judge_error", "The judge could not decide the test for the oracle program"
    ORACLE_UNSTABLE = "oracle_unstable", "The outcome of the oracle program changes from run to run"
    AGREEMENT_REFUTED = "agreement_refuted", "The oracle programs together say that the expected value is wrong"
    AGREEMENT_CONTESTED = "agreement_contested", "The oracle programs do not agree about the expected value"
    PROGRAMS_DISAGREE = "programs_disagree", "The oracle programs do not agree about the question as a whole"
    TOO_FEW_TESTS = "too_few_tests", "The question has too few other tests left"

    # Test suites strengthened and shrunk
    REFUSES_NO_PROGRAM = "refuses_no_program", "Every program that passes the kept tests passes the new test too"
    REFUSES_NOTHING_NEW = "refuses_nothing_new", "Other new tests refuse the same programs"
    CONTESTED_VALUE = "contested_value", "Too many programs that pass the kept tests give another value"
    VALUE_NOT_CONFIRMED = "value_not_confirmed", "The trusted program fails the test that was made from its own value"
    NOT_NEEDED = "not_needed", "The suite tells programs apart as well without the test"

    # Programs, the data set and preference pairs
    NO_KEPT_TESTS = "no_kept_tests", "The question has no kept tests"
    TESTS_NOT_ASSERTS = "tests_not_asserts", "The published schema holds asserts only, and these tests are none"
    TOO_LONG_TO_SCORE = "too_long_to_score", "Question and program are longer than the reward model reads"
    NON_ASCII_QUESTION = "non_ascii_question", "The question has characters outside ASCII"
    NO_JUDGED_PROGRAM = "no_judged_program", "No program of the question was judged"
    NO_USABLE_VERDICT = "no_usable_verdict", "No program of the question has a usable verdict"
    ALWAYS_SOLVED = "always_solved", "Every program passes every test"
    PASSES_REFUSED = "passes_refused", "No program has enough passes that count: some are not sealed and so refused"
    NO_TEST_PASSED = "no_test_passed", "No program passes any test"
    NO_WINNER = "no_winner", "No program passes enough tests to win a pair"
    NO_LOSER = "no_loser", "No program is fit to lose a pair"
    ORDER_UNCERTAIN = "order_uncertain", "No two programs have an order that is likely enough to be true"
    VERDICTS_DISAGREE = "verdicts_disagree", "Copies of the same program have different verdicts"
    RATES_TOO_CLOSE = "rates_too_close", "No two programs of a model have pass rates far enough apart"

    # Questions for reinforcement learning
    HELD_OUT = "held_out", "The question is held out for evaluation"
    NEVER_SOLVED = "never_solved", "No program passes every test"
    EASIER_HALF = "easier_half", "The mean pass rate is above the median"
    LITTLE_SPREAD = "little_spread", "The pass rates spread less than the median of the harder half"
