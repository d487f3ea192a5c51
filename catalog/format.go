package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// What fields may look like, as Backstage's default validators have it. All
// these strings are at most 63 characters, DNS names at most 253.
var (
	versionForm  = regexp.MustCompile(`^[a-zA-Z0-9]+$`)
	kindForm     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)
	nameForm     = regexp.MustCompile(`^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`)
	dnsLabelForm = regexp.MustCompile(`^[a-z0-9]+(-+[a-z0-9]+)*$`)
	tagForm      = regexp.MustCompile(`^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$`)
	schemeForm   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
)

func short(form *regexp.Regexp, s string) bool { return len(s) <= 63 && form.MatchString(s) }

func validKind(s string) bool  { return short(kindForm, s) }
func validName(s string) bool  { return short(nameForm, s) }
func validLabel(s string) bool { return short(dnsLabelForm, s) }
func validTag(s string) bool   { return short(tagForm, s) }

// ValidAPIVersion reports whether s has the form of an apiVersion: a word, or a
// DNS name, a slash and a word.
func ValidAPIVersion(s string) bool {
	return prefixed(s, func(s string) bool { return short(versionForm, s) })
}

func validKey(s string) bool { return prefixed(s, validName) }

// prefixed reports whether s is a valid name, or a DNS name, a slash and one.
func prefixed(s string, valid func(string) bool) bool {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		return valid(s)
	}
	if len(prefix) > 253 || !valid(name) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(prefix, "."), func(l string) bool { return !validLabel(l) })
}

// validURL reports whether s is an absolute URL as browsers understand it: any
// scheme will do, but the schemes of the web need a host.
// See https://url.spec.whatwg.org.
func validURL(s string) bool {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	scheme := schemeForm.FindString(s)
	switch strings.ToLower(scheme) {
	case "":
		return false
	case "http:", "https:", "ws:", "wss:", "ftp:":
	default:
		return true
	}
	// For these schemes browsers take any number of slashes, of either kind.
	authority := strings.TrimLeft(s[len(scheme):], `/\`)
	if end := strings.IndexAny(authority, `/\?#`); end >= 0 {
		authority = authority[:end]
	}
	u, err := url.Parse("http://" + authority)
	if err != nil || u.Hostname() == "" {
		return false
	}
	_, err = strconv.ParseUint(cmp.Or(u.Port(), "0"), 10, 16)
	return err == nil
}

// formats checks how the strings of an envelope and its metadata look. Values
// of a wrong type are left to the check of types.
func (c *checker) formats(obj, metadata map[string]any) {
	const name = "letters and digits with - _ . between them, at most 63 characters"
	c.format("apiVersion", obj["apiVersion"], ValidAPIVersion, "an API version such as backstage.io/v1alpha1")
	c.format("kind", obj["kind"], validKind, "letters and digits after a letter, at most 63 characters")
	c.format("metadata.name", metadata["name"], validName, name)
	c.format("metadata.namespace", metadata["namespace"], validLabel, "lower-case letters and digits with - between them, at most 63 characters")

	labels, _ := metadata["labels"].(map[string]any)
	c.keys("metadata.labels", labels)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		c.format(FieldPath("metadata.labels", key), labels[key], validName, "empty, or "+name)
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	c.keys("metadata.annotations", annotations)

	tags, _ := metadata["tags"].([]any)
	for i, tag := range tags {
		c.format(IndexPath("metadata.tags", i), tag, validTag, "lower-case letters, digits, + # : with single - between them, at most 63 characters")
	}
	links, _ := metadata["links"].([]any)
	for i, link := range links {
		path := IndexPath("metadata.links", i)
		fields, _ := link.(map[string]any)
		c.format(path+".url", fields["url"], validURL, "a full URL such as https://example.com/runbook")
		c.format(path+".title", fields["title"], notBlank, "more than blanks")
		c.format(path+".icon", fields["icon"], notBlank, "more than blanks")
	}
}

// format checks one string. An empty one is no matter of form.
func (c *checker) format(path string, value any, valid func(string) bool, want string) {
	if s, ok := value.(string); ok && s != "" && !valid(s) {
		c.add(path, "must be %s, found %s%s", want, Describe(s), suggest(s, valid))
	}
}

func (c *checker) keys(path string, m map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !validKey(key) {
			c.add(FieldPath(path, key), "must have a key of letters and digits with - _ . between them, at most 63 characters, after an optional DNS name and one slash")
		}
	}
}

func notBlank(s string) bool { return strings.TrimSpace(s) != "" }

var unusual = regexp.MustCompile(`[^a-z0-9:+#]+`)

// suggest returns "; write x" when a small change makes s valid.
func suggest(s string, valid func(string) bool) string {
	better := strings.Trim(unusual.ReplaceAllString(strings.ToLower(s), "-"), "-")
	if better == "" || !valid(better) {
		return ""
	}
	return "; write " + better
}

// IsHidden reports whether a character is not seen itself and may change how others look: one
// that controls, such as a mark that has text run from right to left, or that says nothing.
func IsHidden(r rune) bool { return unicode.Is(unicode.C, r) || r == unicode.ReplacementChar }

// HiddenIn says what is wrong with a line in which a character is hidden, and what to do; "" if
// none is.
func HiddenIn(line string) string {
	for i, r := range []rune(line) {
		if IsHidden(r) {
			return fmt.Sprintf("must be a line in which all is seen, found U+%04X, which is not and may change how others look, as character %d; take it out", r, i+1)
		}
	}
	return ""
}

// line reports a line in which a character is hidden.
func (c *checker) line(path string, value any) {
	if s, ok := value.(string); ok {
		if wrong := HiddenIn(s); wrong != "" {
			c.add(path, "%s", wrong)
		}
	}
}
