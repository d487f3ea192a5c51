package markdown

// The limits of a page. They are far beyond what anybody writes, and near enough to
// keep the time and the memory that a hostile page takes small.
const (
	MaxPage    = 2 << 20  // bytes of a page, with all that it includes
	MaxOutput  = 16 << 20 // bytes of HTML that it becomes
	MaxLine    = 64 << 10 // bytes of a line outside of code
	MaxNesting = 50       // lists, quotes and boxes inside one another
	MaxCells   = 50_000   // of a table
	MaxSigns   = 5_000    // characters with a meaning in one paragraph

	maxIncluded   = 10        // files that include one another
	maxProblems   = 100       // of a page
	maxAbbrs      = 1000      // abbreviations of a page
	maxCode       = 256 << 10 // bytes of a block of code that are coloured
	maxCodeOfPage = 1 << 20   // the same, of all blocks of a page
	maxAttributes = 20        // of one attribute list
	maxCodeLine   = 4 << 10   // bytes of a line of code that is coloured
)
