"""A first agreement from a template: questions as data, answers that are checked, and the text that follows from them.

`kinds` say what an answer may be, `questions` what is asked, `templates` which questions belong together, `answers`
reads what was answered, and `writing` makes the text.
"""
