package event

// DocsPublished says that the documentation of an entity is another one than before:
// which files it consists of, and what they come to. Contents are not in it; blobs
// name them, as Git does.
type DocsPublished struct {
	Entity     string     `json:"entity"` // full ref
	Site       string     `json:"site"`   // what it is called
	Repository Repository `json:"repository"`
	Commit     string     `json:"commit"`         // that it was read at
	Root       string     `json:"root,omitempty"` // folder of mkdocs.yml; empty is the repository's own
	Edit       string     `json:"edit,omitempty"` // how addresses in the forge's editor begin; the path in the repository follows
	View       string     `json:"view,omitempty"` // the same of a file's page
	Pages      []DocsPage `json:"pages"`
	Files      []DocsFile `json:"files,omitempty"` // besides those of pages: images, mkdocs.yml, what pages include
	// Linked are files that pages lead to and that are not shown; sorted.
	Linked  []string `json:"linked,omitempty"`
	Words   int      `json:"words"`
	Broken  int      `json:"broken"`  // links and images that lead nowhere
	Orphans int      `json:"orphans"` // pages that are in no navigation
	// Problems are the first that their authors should mend, in the order of pages.
	Problems []DocsProblem `json:"problems,omitempty"`
	Wrong    int           `json:"wrong"` // how many problems there are in all
}

// Blobs are the contents of all its files.
func (d DocsPublished) Blobs() []string {
	all := make([]string, 0, len(d.Pages)+len(d.Files))
	for _, p := range d.Pages {
		all = append(all, p.Blob)
	}
	for _, f := range d.Files {
		all = append(all, f.Blob)
	}
	return all
}

// DocsPage is a page. All paths of docs are from the root of the site.
type DocsPage struct {
	Path   string `json:"path"` // in the site: "guide/start.md"
	Title  string `json:"title"`
	Source string `json:"source"` // its file: "docs/guide/start.md"
	Blob   string `json:"blob"`
}

// DocsFile is a file that a site needs.
type DocsFile struct {
	Path string `json:"path"`
	Blob string `json:"blob"`
}

// DocsProblem is something to mend, and what to do.
type DocsProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Code    string `json:"code,omitempty"` // see docs/techdocs.md
	Message string `json:"message"`
}

// DocsFailed says that the documentation of an entity cannot be shown as it is at a
// commit. What was published stays.
type DocsFailed struct {
	Entity      string     `json:"entity"` // full ref
	Repository  Repository `json:"repository"`
	Commit      string     `json:"commit"`
	Root        string     `json:"root,omitempty"` // as in [DocsPublished]
	View        string     `json:"view,omitempty"`
	DocsProblem            // why; the file is from the root of the repository
}

// DocsRemoved says that an entity has no documentation any more.
type DocsRemoved struct {
	Entity     string     `json:"entity"` // full ref
	Repository Repository `json:"repository"`
	Commit     string     `json:"commit"`
	Reason     string     `json:"reason"` // for people
}

// EventType returns the fixed name.
func (DocsPublished) EventType() Type { return TypeDocsPublished }

// EventType returns the fixed name.
func (DocsFailed) EventType() Type { return TypeDocsFailed }

// EventType returns the fixed name.
func (DocsRemoved) EventType() Type { return TypeDocsRemoved }
