package catalog

import "strconv"

// Problem is one thing that is wrong with an entity.
type Problem struct {
	// Path is where, as [FieldPath] and [IndexPath] write it. Empty means the
	// whole entity.
	Path string
	// Message says what is wrong and what would be right, without the path.
	Message string
}

// String returns "path message", or the message alone when there is no path.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + " " + p.Message
}

// FieldPath returns the path of a field of the mapping at parent: "spec.owner",
// or `metadata.labels["acme.dev/tier"]` where the key would not read as one word.
func FieldPath(parent, key string) string {
	switch {
	case !isWord(key):
		return parent + "[" + strconv.Quote(key) + "]"
	case parent == "":
		return key
	default:
		return parent + "." + key
	}
}

// IndexPath returns the path of an element of the list at parent: "spec.dependsOn[1]".
func IndexPath(parent string, i int) string {
	return parent + "[" + strconv.Itoa(i) + "]"
}

func isWord(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '$':
		default:
			return false
		}
	}
	return s != ""
}
