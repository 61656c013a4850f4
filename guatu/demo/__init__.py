"""The demonstration: the first nine days of Dazhou by a short clock, on real servers, from a timetable in a data file."""
