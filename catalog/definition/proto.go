package definition

import (
	"regexp"
	"strings"
)

// rpcForm is a method of a service once its text is one line:
// rpc Charge (stream ChargeRequest) returns (ChargeReply).
var rpcForm = regexp.MustCompile(`^rpc\s+(\w+)\s*\(\s*(stream\s+)?([\w.]+)\s*\)\s*returns\s*\(\s*(stream\s+)?([\w.]+)\s*\)`)

// readProto finds the services and methods of a .proto file, with the comments
// above them. It is a scan, not a parser: messages and options stay text.
// See https://protobuf.dev/reference/protobuf/proto3-spec/.
func readProto(o *Outline, text string) {
	b := budget{o: o}
	var comment []string
	var service *Group
	depth := 0
	for _, s := range protoStatements(text) {
		switch {
		case s.comment:
			comment = append(comment, s.text)
			continue
		case s.end == '}':
			if depth--; depth <= 0 {
				depth, service = 0, nil
			}
			comment = nil
			continue
		}
		statement := strings.Fields(s.text)
		said := prose(strings.Join(comment, "\n"))
		comment = nil
		if len(statement) >= 2 {
			switch statement[0] {
			case "package":
				o.Title = statement[1]
			case "syntax":
				o.Format = "Protocol Buffers, " + strings.Trim(statement[len(statement)-1], `="'`)
			case "service":
				if depth == 0 && s.end == '{' && b.spend() {
					o.Groups = append(o.Groups, Group{Name: statement[1], Description: said})
					service = &o.Groups[len(o.Groups)-1]
				}
			case "rpc":
				if m := rpcForm.FindStringSubmatch(strings.Join(statement, " ")); m != nil && service != nil && b.spend() {
					service.Operations = append(service.Operations, Operation{
						Verb: "rpc", Name: m[1], Description: said,
						Messages: []Message{{Label: "Request", Schema: streamed(m[2], m[3])}, {Label: "Returns", Schema: streamed(m[4], m[5])}},
					})
				}
			}
		}
		if s.end == '{' {
			depth++
		}
	}
	if len(o.Groups) == 0 {
		b.problem(0, "declares no service")
	}
}

func streamed(stream, name string) Schema {
	if stream != "" {
		name = "stream of " + name
	}
	return Schema{Type: name}
}

// protoStatement is a comment, or text up to one of ; { } outside of quotes.
type protoStatement struct {
	text    string
	end     byte
	comment bool
}

func protoStatements(text string) []protoStatement {
	var all []protoStatement
	var b strings.Builder
	finish := func(end byte) {
		all = append(all, protoStatement{text: strings.TrimSpace(b.String()), end: end})
		b.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "//"):
			line, _, _ := strings.Cut(text[i:], "\n")
			all = append(all, protoStatement{text: strings.TrimSpace(strings.TrimLeft(line, "/")), comment: true})
			i += len(line)
			b.WriteByte(' ')
		case strings.HasPrefix(text[i:], "/*"):
			body, _, _ := strings.Cut(text[i+2:], "*/")
			all = append(all, protoStatement{text: commentText(body), comment: true})
			i += len(body) + 3
			b.WriteByte(' ')
		case c == '"' || c == '\'':
			n := quoted(text[i:])
			b.WriteString(text[i : i+n])
			i += n - 1
		case c == ';' || c == '{' || c == '}':
			finish(c)
		default:
			b.WriteByte(c)
		}
	}
	return all
}

// commentText is a comment of several lines without the stars at their beginning.
func commentText(body string) string {
	lines := strings.Split(body, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(l), "*"))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// quoted is the length of the string that s begins with, up to the end of its
// line at most.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\n':
			return i
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}
