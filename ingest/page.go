package ingest

import (
	"net/url"
	"strings"
)

// CutPage takes the address of a file's page apart, as both forges write it
// below their own address: the repository's full name, then one of the words that
// say how the file is shown ("blob", "-/blob"), then branch and path, which only
// who knows the branches can tell apart: see [CutBranch]. The rest is unescaped.
func CutPage(address, root string, words []string) (fullName, rest string, ok bool) {
	below, ok := strings.CutPrefix(address, strings.TrimRight(root, "/")+"/")
	if !ok {
		return "", "", false
	}
	below, _, _ = strings.Cut(below, "#")
	below, _, _ = strings.Cut(below, "?")
	at, cut := len(below), ""
	for _, word := range words {
		if i := strings.Index(below, "/"+word+"/"); i > 0 && i < at {
			at, cut = i, "/"+word+"/"
		}
	}
	if cut == "" {
		return "", "", false
	}
	rest, err := url.PathUnescape(below[at+len(cut):])
	return below[:at], rest, err == nil && rest != ""
}

// CutBranch tells apart the branch and the path of what [CutPage] leaves: it is
// the default branch if that fits, whose name may hold slashes, else one whose
// name holds none.
func CutBranch(rest, defaultBranch string) (branch, path string, ok bool) {
	if path, ok := strings.CutPrefix(rest, defaultBranch+"/"); ok && defaultBranch != "" {
		return defaultBranch, path, path != ""
	}
	branch, path, ok = strings.Cut(rest, "/")
	return branch, path, ok && branch != "" && path != ""
}
