package catalog

// Problem is one thing that is wrong with an entity.
type Problem struct {
	// Path is where, dotted and with indexes in brackets: "spec.providesApis[1]",
	// `metadata.labels["acme.dev/x"]`. Empty means the whole entity.
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
