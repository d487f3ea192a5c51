package event

// FactLanguages is which languages a repository is written in, as its forge counts. Its value
// is a [Languages].
const FactLanguages = "languages"

// Languages are those of a repository at a commit.
type Languages struct {
	Commit string `json:"commit"`
	// Shares are from 0 to 1, to three digits, of the bytes of files that are code, by the
	// forge's name of the language: "Go", "TypeScript".
	Shares map[string]float64 `json:"shares"`
}
