@main struct Homeward { static func main() {} }
