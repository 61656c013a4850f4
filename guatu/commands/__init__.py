"""The sub-commands of ``guatu``, by concern. What a command needs is imported when it runs: none pays for another."""
