"""The pages in a real Chromium: seen, operated, printed, and judged by axe."""
