fn main() { for crd in score_operator::api::crds::all() { println!("---\n{}", serde_saphyr::to_string(&crd).unwrap()); } }
