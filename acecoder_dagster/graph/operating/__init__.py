"""When and how the graph runs: jobs, schedules, sensors, automation."""
