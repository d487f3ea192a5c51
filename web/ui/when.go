package ui

import "cmp"

// whenSays names the choice of a moment for those who do not see it.
func whenSays(w When) string { return "Moment: " + cmp.Or(w.Shown, "now") }
