"""The demonstration: Dazhou's first nine days by a short clock, on real servers, from a timetable in a data file."""
