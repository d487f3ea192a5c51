package ingest

import (
	"net/url"
	"strings"
)

// IsSHA reports whether s is a full Git object id, SHA-1 or SHA-256.
func IsSHA(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// IsZeroSHA reports whether s is how forges write "no commit", 40 zeros. The
// empty string is too.
func IsZeroSHA(s string) bool { return strings.Trim(s, "0") == "" }

// EscapePath makes a path part of a URL: percent-encoded, with its slashes.
func EscapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }
