package descriptor

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// syntaxProblem tells err, an error of root, and where it is.
func (p part) syntaxProblem(err error) Problem {
	// yaml.v3 names a line for few errors only, so look how far it reads. The
	// line put in front gives what is on line 1 a line that it will name.
	text := []rune(p.forParser())
	padding := []rune(strings.Repeat("\n", lookahead))
	s := stepper{rest: slices.Concat(padding[:1], text, padding)}
	if _, again := parseYAML(&s); again != nil {
		err = again
	}
	stopped := min(max(s.read-1-lookahead, 0), len(text))

	words := err.Error()
	named := 0
	if m := yamlError.FindStringSubmatch(words); m != nil {
		named, _ = strconv.Atoi(m[1])
		words = m[2]
	}
	told := syntaxError{locate: lastRead, message: "this is not valid YAML (" + words + ")"}
	for _, e := range syntaxErrors {
		if strings.Contains(words, e.words) {
			told = e
			break
		}
	}
	at := told.locate(text, stopped, named)
	line, column := 1, 1
	for _, r := range text[:at] {
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	return Problem{Line: p.line - 1 + line, Column: column, Message: told.message}
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?s:(.*))$`)

// lookahead is how many characters yaml.v3's scanner reads beyond the one that
// it is at.
const lookahead = 4

// stepper is a reader that gives one character at a time and counts them.
type stepper struct {
	rest []rune
	read int
}

func (s *stepper) Read(b []byte) (int, error) {
	if s.read == len(s.rest) {
		return 0, io.EOF
	}
	s.read++
	return utf8.EncodeRune(b, s.rest[s.read-1]), nil
}

// syntaxError is how one of yaml.v3's errors is told.
type syntaxError struct {
	words   string // part of yaml.v3's
	locate  locator
	message string
}

// locator finds where in a text an error is, from where the parser stopped
// reading and the line that it named.
type locator func(text []rune, stopped, named int) int

// Never written to.
var syntaxErrors = []syntaxError{
	{"mapping values are not allowed", exactly, "a value cannot begin here, because a colon with a blank after it makes a key; put the text in quotes, or check the indentation"},
	{"could not find expected ':'", scannerLine, "this line has no colon, so it is no field; write \"name: value\", or indent it if it goes on from the line above"},
	{"did not find expected ',' or ']'", parserLine, "the list that opens with [ on this line is not well formed; part its items with commas and close it with ]"},
	{"did not find expected ',' or '}'", parserLine, "the mapping that opens with { on this line is not well formed; part its fields with commas and close it with }"},
	{"found unexpected end of stream", scannerLine, "the quotes that open on this line are not closed"},
	{"did not find expected node content", lastRead, "a value is missing here, or a bracket is not closed above"},
	{"did not find expected key", lastRead, misfit},
	{"did not find expected '-' indicator", lastRead, misfit},
	{"did not find expected <document start>", lastRead, misfit},
	{"block sequence entries are not allowed", exactly, "a list cannot begin on the line of its key; begin each item on a line of its own"},
	{"cannot start any token", exactly, "a value cannot begin with this character; put it in quotes, and indent with spaces only"},
	{"found a tab character", nextTab, "a tab cannot indent; use spaces"},
	{"found unknown escape character", exactly, "this is no escape of double quotes; write the backslash twice, or use single quotes"},
	{"unknown anchor", lastAlias, "this alias has no anchor in its document; put text that begins with * in quotes"},
	{"exceeded max depth", lastRead, "this is nested too deep"},
}

const misfit = "this does not fit what stands before it; check the indentation"

func exactly(_ []rune, stopped, _ int) int { return stopped }

// lastRead is for errors about a whole token: the parser has read to its end,
// often over the end of the line.
func lastRead(text []rune, stopped, _ int) int {
	if stopped < len(text) && stopped > 0 && text[stopped-1] != '\n' {
		return stopped
	}
	for stopped > 0 {
		if stopped--; !unicode.IsSpace(text[stopped]) {
			break
		}
	}
	return stopped
}

func nextTab(text []rune, stopped, _ int) int {
	return stopped + max(slices.Index(text[stopped:], '\t'), 0)
}

func lastAlias(text []rune, stopped, _ int) int {
	for stopped > 0 && (stopped == len(text) || text[stopped] != '*') {
		stopped--
	}
	return stopped
}

// The scanner counts the lines that it names from 1, the parser from 0; and
// there is the line that syntaxProblem puts in front.
func scannerLine(text []rune, _, named int) int { return startOfLine(text, named-1) }
func parserLine(text []rune, _, named int) int  { return startOfLine(text, named) }

// startOfLine returns where the text of a line begins.
func startOfLine(text []rune, line int) int {
	at := 0
	for ; at < len(text) && line > 1; at++ {
		if text[at] == '\n' {
			line--
		}
	}
	for at < len(text) && text[at] == ' ' {
		at++
	}
	return at
}
