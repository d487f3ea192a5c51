package ingest

import (
	"strings"
)

// isLicense reports whether a file at the root is the text of a licence, by its name.
func isLicense(file string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(file), ".")
	switch stem {
	case "license", "licence", "copying", "unlicense":
		return true
	}
	return false
}

// licenseOf returns the SPDX identifier of a licence by words that only its text has;
// "" if it is none of those that most use.
func licenseOf(text string) string {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	has := func(words ...string) bool {
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
	switch {
	case has("apache license", "version 2.0"):
		return "Apache-2.0"
	case has("mozilla public license", "2.0"):
		return "MPL-2.0"
	case has("gnu affero general public license", "version 3"):
		return "AGPL-3.0"
	case has("gnu lesser general public license", "version 3"):
		return "LGPL-3.0"
	case has("gnu lesser general public license", "version 2.1"):
		return "LGPL-2.1"
	case has("gnu general public license", "version 3"):
		return "GPL-3.0"
	case has("gnu general public license", "version 2"):
		return "GPL-2.0"
	case has("eclipse public license", "2.0"):
		return "EPL-2.0"
	case has("permission is hereby granted, free of charge", "the above copyright notice and this permission notice"):
		return "MIT"
	case has("permission to use, copy, modify, and/or distribute this software for any purpose"):
		return "ISC"
	case has("redistribution and use in source and binary forms", "neither the name"):
		return "BSD-3-Clause"
	case has("redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("this is free and unencumbered software released into the public domain"):
		return "Unlicense"
	}
	return ""
}
