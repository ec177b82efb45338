-- Tests whose outcome depends on more than the program, with the evidence
SELECT source, evidence, kept, programs, test_id, question_id, test
FROM flaky_tests
ORDER BY kept DESC, programs DESC NULLS LAST, test_id, evidence;
